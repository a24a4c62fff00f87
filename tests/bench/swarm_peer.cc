// One peer of a swarm and nothing else, to measure the exchange itself:
//
//   swarm_peer make <file> <torrent> <piece length>
//   swarm_peer seed|fetch <address> <torrent> <file> [<address>:<port> ...]
//
// Listens on port 8431 of the address; whoever fetches says "complete <seconds>" and goes on sharing. Ends with its
// standard input, and says then how many payload bytes it gave and got.
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include <unistd.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>

#include "proto/events/log.h"
#include "proto/swarm/session.h"

namespace lanyard::swarm {
namespace {

constexpr std::uint16_t kPort = 8431;

std::string contents(std::string const& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

int make(std::string const& file, std::string const& torrent, std::string const& piece_length) {
    auto const built = build_torrent(file, "package", static_cast<std::uint32_t>(std::stoul(piece_length)), "");
    if (!built) {
        std::cerr << built.error().detail << '\n';
        return 1;
    }
    std::ofstream(torrent, std::ios::binary) << built->torrent;
    return 0;
}

void say_total(Session const& session, InfoHash const& info_hash) {
    auto const progress = session.progress(info_hash);
    std::uint64_t received = 0;
    for (auto const& peer : progress->peers) received += peer.received;
    std::cout << "sent " << progress->sent << " received " << received << " wasted " << progress->wasted << std::endl;
}

int share(std::string const& part, std::string const& address, std::string const& torrent_file, std::string const& file,
          std::vector<Endpoint> const& peers) {
    auto const torrent = contents(torrent_file);
    auto const info = Metainfo::parse(torrent);
    if (!info) return 1;
    Settings settings;
    settings.part = part == "seed" ? Part::seeder : Part::node;
    settings.listen_address = address;
    settings.listen_port = kPort;
    settings.networks = {"0.0.0.0/0"};
    asio::io_context io;
    events::Log events(events::Level::warning);
    Session session(io, events, settings);
    auto const begin = std::chrono::steady_clock::now();
    auto const begun = part == "seed" ? session.seed(torrent, file) : session.download(torrent, file);
    if (!begun) return 1;
    session.connect(info->info_hash, peers);
    auto const end = [&](std::exception_ptr, Status const& status) {
        std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begin;
        std::cout << (status ? "complete " : "failed ") << took.count() << std::endl;
    };
    if (part == "fetch") asio::co_spawn(io, session.finished(info->info_hash, nullptr), end);

    asio::posix::stream_descriptor input(io, dup(STDIN_FILENO));
    std::string ignored;
    asio::async_read(input, asio::dynamic_buffer(ignored), [&](boost::system::error_code const&, std::size_t) {
        say_total(session, info->info_hash);
        io.stop();
    });
    io.run();
    return 0;
}

}  // namespace
}  // namespace lanyard::swarm

int main(int argc, char** argv) {
    using namespace lanyard::swarm;
    std::vector<std::string> const given(argv + 1, argv + argc);
    if (given.size() == 4 && given[0] == "make") return make(given[1], given[2], given[3]);
    if (given.size() < 4 || (given[0] != "seed" && given[0] != "fetch")) {
        std::cerr << "see the head of swarm_peer.cc\n";
        return 2;
    }
    std::vector<Endpoint> peers;
    for (std::size_t at = 4; at < given.size(); ++at) {
        auto const colon = given[at].rfind(':');
        peers.push_back(
            {given[at].substr(0, colon), static_cast<std::uint16_t>(std::stoul(given[at].substr(colon + 1)))});
    }
    return share(given[0], given[1], given[2], given[3], peers);
}
