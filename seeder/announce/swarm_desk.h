#pragma once

#include <cstdint>

#include "proto/http/message.h"
#include "seeder/announce/admission.h"
#include "seeder/tracker/tracker.h"

namespace lanyard::announce {

// The tracker's routes: what is said over HTTP, and its answer.
class SwarmDesk {
public:
    SwarmDesk(tracker::Tracker& tracker, Admission& admission, std::uint16_t swarm_port)
        : tracker_(tracker), admission_(admission), swarm_port_(swarm_port) {}

    // POST /v1/announce. The central seeder comes first, with an empty address: the node knows it by the name it asked.
    http::Response announce(http::Request const& request, tracker::Tracker::Time now);

    // GET /announce. The central seeder comes first, at the address by which the client has reached it. Failures too
    // have status 200, as clients of BEP 3 expect.
    http::Response announce_foreign(http::Request const& request, tracker::Tracker::Time now);

private:
    tracker::Tracker& tracker_;
    Admission& admission_;
    std::uint16_t swarm_port_;
};

}  // namespace lanyard::announce
