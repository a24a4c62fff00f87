#include "node/fetch/seeder_source.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>

namespace lanyard::fetch {
namespace {

constexpr int kMaxPeers = 200;
constexpr std::size_t kMaxSeederAddresses = 4;
constexpr std::chrono::seconds kLeastInterval{1};
constexpr std::chrono::seconds kMostInterval{600};

bool is_port(std::uint32_t port) { return port > 0 && port <= 65535; }

}  // namespace

asio::awaitable<Result<AnnounceAnswer>> SeederSource::announce(Announcement announcement) {
    v1::AnnounceRequest request;
    request.set_node_id(node_id_);
    request.set_info_hash_v1(std::string(announcement.info_hash.bytes()));
    request.set_port(announcement.port);
    request.set_bytes_left(announcement.bytes_left);
    request.set_stopped(announcement.stopped);
    auto const answer = co_await seeder_.announce(request);
    if (!answer) co_return pass_on(answer);

    AnnounceAnswer taken;
    taken.interval = std::clamp(std::chrono::seconds(answer->interval_seconds()), kLeastInterval, kMostInterval);
    for (auto const& peer : answer->peers()) {
        if (!is_port(peer.port()) || taken.peers.size() >= kMaxPeers) continue;
        auto const port = static_cast<std::uint16_t>(peer.port());
        if (!peer.address().empty()) {
            taken.peers.push_back({{peer.address(), port}, peer.seeder()});
            continue;
        }
        if (!peer.seeder()) continue;
        auto const addresses = co_await seeder_addresses();
        for (auto const& address : addresses) taken.peers.push_back({{address, port}, true});
    }
    co_return taken;
}

asio::awaitable<Result<std::string>> SeederSource::package_file(std::string name, std::size_t max_bytes) {
    return seeder_.fetch_package_file(std::move(name), max_bytes);
}

asio::awaitable<std::vector<std::string>> SeederSource::seeder_addresses() {
    asio::ip::tcp::resolver resolver(io_);
    boost::system::error_code failed;
    std::string host = seeder_.url().host;
    std::string const any_port = "0";
    auto const found =
        co_await resolver.async_resolve(host, any_port, asio::redirect_error(asio::use_awaitable, failed));
    std::vector<std::string> addresses;
    for (auto const& entry : found) {
        if (failed || addresses.size() >= kMaxSeederAddresses) break;
        addresses.push_back(entry.endpoint().address().to_string());
    }
    co_return addresses;
}

}  // namespace lanyard::fetch
