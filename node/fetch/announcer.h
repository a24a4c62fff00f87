#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "node/fetch/package_source.h"
#include "proto/async/alarm.h"
#include "proto/events/events.h"
#include "proto/swarm/session.h"

namespace lanyard::fetch {

// Keeps the tracker told of every swarm this node is in, and hands the peers it answers with to the session. One loop
// for all swarms, which runs while there is one. Lives on the io_context thread; the references must outlive the loop,
// which ends soon after stop().
class Announcer : public std::enable_shared_from_this<Announcer> {
public:
    Announcer(asio::io_context& io, swarm::Session& session, PackageSource& source, async::Alarm& alarm,
              events::Events& events)
        : io_(io), session_(session), source_(source), alarm_(alarm), events_(events) {}

    // Announces at once, and from then on until the torrent has failed or has gone from the session: that is a goodbye.
    // Also when the standing of a known swarm has changed.
    void announce(swarm::InfoHash const& info_hash);
    // Says goodbye once.
    void leave(swarm::InfoHash const& info_hash);
    void stop();

    bool is_seeder(swarm::Endpoint const& peer) const { return seeders_.contains(peer); }

private:
    struct Swarm {
        std::chrono::steady_clock::time_point due;
        unsigned failures = 0;
        bool leaving = false;
    };

    void run_loop();
    static asio::awaitable<void> loop(std::shared_ptr<Announcer> self);
    asio::awaitable<void> announce_now(swarm::InfoHash info_hash);
    bool can_share(swarm::InfoHash const& info_hash) const;
    Announcement standing_of(swarm::InfoHash const& info_hash, bool leaving) const;
    void take_answer(swarm::InfoHash const& info_hash, Result<AnnounceAnswer> const& answer);

    asio::io_context& io_;
    swarm::Session& session_;
    PackageSource& source_;
    async::Alarm& alarm_;
    events::Events& events_;
    std::map<swarm::InfoHash, Swarm> swarms_;
    std::set<swarm::Endpoint> seeders_;
    bool looping_ = false;
    bool stopped_ = false;
};

}  // namespace lanyard::fetch
