#pragma once

// Private to this room: what we know of each torrent, fed by alerts. Touched on the io_context thread only.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include <libtorrent/torrent_handle.hpp>
#include <libtorrent/torrent_status.hpp>

#include "proto/async/bell.h"
#include "proto/swarm/metainfo.h"
#include "proto/swarm/peer_tally.h"
#include "proto/swarm/session.h"

namespace lanyard::swarm {

struct Torrent {
    explicit Torrent(asio::io_context& io) : changed(io) {}

    // Whether libtorrent is at work on it, rather than merely ready to give.
    bool is_busy() const {
        return progress.state == Progress::State::checking || progress.state == Progress::State::downloading;
    }

    InfoHash info_hash;
    std::filesystem::path file;
    bool only_seeds = false;  // it was complete when it came: whatever is missing now is damage
    lt::torrent_handle handle;
    Progress progress;
    std::error_code failure;
    bool removed = false;
    bool peers_known = false;       // somebody was handed in to connect to
    bool rechecking = false;        // asked for, and not yet done: what alerts said before is out of date
    std::optional<Status> renamed;  // how the last renaming ended
    bool flushing = false;          // all pieces are there, and on their way to the disk
    bool flushed = false;           // they are on the disk, and the last counts are on their way
    PeerTally tally;
    async::Bell changed;
};

class Torrents {
public:
    void add(std::shared_ptr<Torrent> torrent) { by_hash_[torrent->info_hash] = std::move(torrent); }
    std::shared_ptr<Torrent> find(InfoHash const& info_hash) const;
    // Nothing when the alert comes from a torrent that has been taken out meanwhile.
    std::shared_ptr<Torrent> find(lt::torrent_handle const& handle) const;
    void erase(InfoHash const& info_hash) { by_hash_.erase(info_hash); }
    bool empty() const { return by_hash_.empty(); }
    auto const& all() const { return by_hash_; }

    bool any_busy() const;
    bool any_connected() const;

private:
    std::map<InfoHash, std::shared_ptr<Torrent>> by_hash_;
};

// Takes over what libtorrent says, except that a download is complete: that waits until its data is on disk.
void update(Torrent& torrent, lt::torrent_status const& status);

struct Failure {
    std::error_code code;
    std::string text;
};
// An error of libtorrent about `torrent`'s file, for programs and for people.
Failure describe_failure(Torrent const& torrent, lt::error_code const& error);

}  // namespace lanyard::swarm
