#include "node/fetch/seeder_source.h"

#include <algorithm>
#include <limits>

namespace lanyard::fetch {
namespace {

constexpr int kMostPeers = 500;
constexpr std::uint32_t kMostSeconds = 24 * 60 * 60;

}  // namespace

asio::awaitable<Result<AnnounceAnswer>> SeederSource::announce(Announcement announcement) {
    v1::AnnounceRequest request;
    request.set_node_id(node_id_);
    request.set_info_hash_v1(std::string(announcement.info_hash.bytes()));
    request.set_port(announcement.port);
    request.set_bytes_left(announcement.bytes_left);
    request.set_stopped(announcement.stopped);
    auto const response = co_await seeder_.announce(std::move(request));
    if (!response) co_return pass_on(response);
    AnnounceAnswer answer;
    answer.interval = std::chrono::seconds(std::min(response->interval_seconds(), kMostSeconds));
    auto const count = std::min(response->peers_size(), kMostPeers);
    for (int at = 0; at < count; ++at) {
        auto const& peer = response->peers(at);
        if (peer.port() == 0 || peer.port() > std::numeric_limits<std::uint16_t>::max()) continue;
        SwarmPeer& known = answer.peers.emplace_back();
        known.endpoint.address = peer.address();
        known.endpoint.port = static_cast<std::uint16_t>(peer.port());
        known.seeder = peer.seeder();
    }
    co_return answer;
}

asio::awaitable<Result<std::string>> SeederSource::package_file(std::string name, std::size_t max_bytes) {
    auto file = co_await seeder_.fetch_package_file(std::move(name), max_bytes);
    co_return std::move(file);
}

}  // namespace lanyard::fetch
