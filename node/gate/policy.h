#pragma once

#include <optional>
#include <string>
#include <vector>

#include "node/gate/calendar.h"

namespace lanyard::gate {

// When an application may be interrupted. What is not set is not asked; with nothing set, whenever it is not busy.
struct Policy {
    std::vector<Window> windows;  // none: at any time
    Zone zone = Zone::utc();

    // Sensors. What cannot be read counts as busy.
    std::optional<unsigned> most_connections;       // to the ports of the application
    std::optional<std::chrono::minutes> user_idle;  // so long nobody has touched the machine
    bool inhibitors = false;                        // programs that ask the machine to stay awake: presentations
    std::vector<std::string> commands;              // while one of these runs, the application is left alone
    std::optional<unsigned> most_cpu, most_disk;    // percent of the last minute in which somebody waited for it
    std::optional<unsigned> most_network;           // KiB a second, beside what the node itself exchanges
    std::optional<unsigned> least_battery;          // percent, while it is not charged
    std::chrono::minutes quiet{0};                  // all of these in a row

    bool slot = false;  // wait for the hour that the node's own history shows as quiet, another one on each node

    // From the moment this node first heard of a release on. What is over then: see Decision.
    std::optional<std::chrono::hours> deadline;
    std::chrono::minutes grace{60};
    std::chrono::hours critical_deadline{24};  // of a critical release, if that is earlier
    bool never_force = false;                  // no deadline, whoever sets one; a critical release waits like any other

    unsigned postponements = 3;  // how often a person may say "later" to one release
    std::chrono::hours longest_postponement{24};
};

// How long an operator may keep updates away; the hold ends by itself.
inline constexpr std::chrono::hours kLongestHold{30 * 24};
// A release that restarts the machine asks for at least so much idle time of everybody.
inline constexpr std::chrono::minutes kIdleBeforeRestart{15};

}  // namespace lanyard::gate
