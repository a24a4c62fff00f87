#pragma once

// Private to this room: payload bytes by peer, counted in libtorrent's network thread and read in ours.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include <libtorrent/extensions.hpp>

#include "proto/swarm/session.h"

namespace lanyard::swarm {

// One connection. Written by libtorrent's network thread only.
struct PeerCount {
    std::string address;
    std::atomic<std::uint16_t> port{0};  // where the peer listens, once known; until then the port it came from
    std::atomic<std::uint64_t> received{0};
    std::atomic<std::uint64_t> sent{0};
    std::atomic<bool> gone{false};
};

using PeerCountSink = std::function<void(std::shared_ptr<PeerCount>)>;

// A libtorrent plugin for one torrent, which hands the count of every new connection to `sink`, in the network thread.
std::shared_ptr<lt::torrent_plugin> make_peer_counter(PeerCountSink sink);

// The sums by peer. Survives connections that come and go; a peer that exchanges nothing leaves no trace.
class PeerTally {
public:
    void add(std::shared_ptr<PeerCount> count) { open_.push_back(std::move(count)); }
    // Moves the counts of connections that have ended into the sums. To be called now and then.
    void fold();
    // Connections that are there or being made.
    bool any_open() const;
    std::vector<PeerBytes> peers() const;
    std::uint64_t sent() const;
    std::uint64_t exchanged() const;  // sent and received

private:
    struct Bytes {
        std::uint64_t received = 0;
        std::uint64_t sent = 0;
    };
    static void add_to(std::map<Endpoint, Bytes>& sums, PeerCount const& count);
    std::map<Endpoint, Bytes> sums() const;

    std::vector<std::shared_ptr<PeerCount>> open_;
    std::map<Endpoint, Bytes> ended_;
};

}  // namespace lanyard::swarm
