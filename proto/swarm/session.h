#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/async/asio.h"
#include "proto/events/events.h"
#include "proto/swarm/metainfo.h"

namespace lanyard::swarm {

struct Endpoint {
    std::string address;  // IPv4 or IPv6, textual
    std::uint16_t port = 0;

    friend auto operator<=>(Endpoint const&, Endpoint const&) = default;
};

enum class Part { node, seeder };

struct Settings {
    Part part = Part::node;
    std::string listen_address = "0.0.0.0";
    std::uint16_t listen_port = 0;      // 0: the system chooses
    std::vector<std::string> networks;  // CIDR; connections to and from any other address are refused
    std::int64_t upload_limit = 0;      // bytes/s over all peers, LAN ones included; 0: none
    std::int64_t download_limit = 0;
    bool many_peers_per_address = false;  // several nodes behind one address (same host, NAT)
};

// Whether an address or a network in them is not one.
Status check_settings(Settings const& settings);

struct PeerBytes {
    Endpoint peer;
    std::uint64_t received = 0;  // payload
    std::uint64_t sent = 0;
};

struct Progress {
    enum class State { checking, downloading, complete, failed };
    State state = State::checking;
    std::uint64_t bytes_done = 0;  // in verified pieces
    std::uint64_t bytes_total = 0;
    std::uint64_t bytes_per_second = 0;  // received now
    std::uint32_t connected_peers = 0;
    std::uint64_t sent = 0;        // payload, since added
    std::uint64_t wasted = 0;      // received twice or failed its hash
    std::vector<PeerBytes> peers;  // everybody bytes were exchanged with, also those that have gone
    std::string failure;           // for people, when failed (disk full, file gone)
};

// All our BitTorrent traffic. One object a process; its threads are libtorrent's, its results come on the io_context.
// LAN settings and their reasons: session_settings.cc and docs/explanation/swarm.md.
// No DHT, LSD, PEX, uTP, UPnP, NAT-PMP, no trackers: peers are only the ones that are handed in by connect() or that
// come from an allowed network.
class Session {
public:
    // A seeder listens from now on, a node only while it has something to share. Throws std::invalid_argument when
    // check_settings() would fail.
    Session(asio::io_context& io, events::Events& events, Settings const& settings);
    ~Session();

    // The port peers are accepted on, or why there is none.
    Result<std::uint16_t> listen_port() const;

    // Offers a complete file. Pieces are verified when first asked for.
    Status seed(std::string const& torrent, std::filesystem::path const& file);

    // Downloads into `file` (made sparse if absent; whatever it holds already is hashed first and verified pieces are
    // kept, so resuming needs no further state). Goes on seeding when complete.
    Status download(std::string const& torrent, std::filesystem::path const& file);

    // Returns when the download is complete, has failed, or was removed (Errc::removed).
    // `on_progress` is called about every 500 ms meanwhile.
    asio::awaitable<Status> finished(InfoHash info_hash, std::function<void(Progress const&)> on_progress);

    // Hashes the whole file again (after its digest was found wrong); finished() can then be awaited again.
    Status recheck(InfoHash const& info_hash);

    // `told` hears of every torrent that fails from now on (its file has gone or is damaged, the disk is full): nobody
    // can have it from here any more.
    void when_failed(std::function<void(InfoHash const&)> told);

    // Renames the file, within its directory, while it goes on being shared. A file of that name is replaced.
    asio::awaitable<Status> rename(InfoHash info_hash, std::filesystem::path file);

    void connect(InfoHash const& info_hash, std::vector<Endpoint> const& peers);
    std::optional<Progress> progress(InfoHash const& info_hash) const;
    void remove(InfoHash const& info_hash);

    // Payload sent and received so far, over all torrents, also those that were removed.
    std::uint64_t exchanged() const;

    // Looks at progress no more, so that nothing of the session keeps the io_context from ending.
    void rest();

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace lanyard::swarm
