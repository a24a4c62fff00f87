#pragma once

#include <chrono>
#include <cstdint>

namespace lanyard::fetch {

// How a swarm stands after an announcement.
struct SwarmStanding {
    bool complete = false;
    std::uint32_t connected_peers = 0;
    std::chrono::seconds asked_interval{0};  // by the tracker
    unsigned failures = 0;                   // announcements in a row that failed, this one included
};

// When to announce next. A node without any peer asks every second or two; one that downloads asks again within 15 s
// whatever the tracker says; a failing tracker is left in peace for a doubling time, which ends at half a minute (ten
// minutes when there is nothing to fetch), since the nodes go on among themselves. `random`, from [0, 1), spreads a
// fleet.
std::chrono::milliseconds next_announce(SwarmStanding const& standing, double random);

}  // namespace lanyard::fetch
