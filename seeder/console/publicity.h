#pragma once

#include "proto/swarm/session.h"
#include "seeder/announce/front.h"
#include "seeder/console/offered_releases.h"
#include "seeder/console/serving.h"
#include "seeder/tracker/tracker.h"

namespace lanyard::console {

// The Audience of a serving seeder. On the io_context thread.
class Publicity final : public Audience {
public:
    Publicity(swarm::Session& session, tracker::Tracker& tracker, OfferedReleases& offered, announce::Front& front)
        : session_(session), tracker_(tracker), offered_(offered), front_(front) {}

    Status seed(std::string const& torrent, std::filesystem::path const& package) override;
    void stop_seeding(std::string const& info_hash) override;
    void offer(std::shared_ptr<LiveReleases const> live) override;

private:
    swarm::Session& session_;
    tracker::Tracker& tracker_;
    OfferedReleases& offered_;
    announce::Front& front_;
};

}  // namespace lanyard::console
