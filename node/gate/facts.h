#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "node/gate/calendar.h"

namespace lanyard::gate {

// What a sensor says, or why it cannot tell.
template <class T>
using Sensed = tl::expected<T, std::string>;

inline tl::unexpected<std::string> unknown(std::string why) { return tl::unexpected<std::string>(std::move(why)); }

enum class Busy { no, yes, unknown };

struct Presence {
    bool nobody = false;           // is logged in
    std::chrono::seconds idle{0};  // since anybody last touched the machine
};

// Of the last minute: in how many percent of it somebody had to wait for the processor, for a disk.
struct Load {
    unsigned cpu = 0;
    unsigned disk = 0;
};

// Bytes a second over the network, sent and received, without what the node itself exchanges with its peers.
struct Traffic {
    std::uint64_t bytes_per_second = 0;
};

struct Battery {
    bool discharging = false;
    unsigned percent = 100;
};

// One look at all sensors that a policy asks.
struct Readings {
    Busy busy = Busy::unknown;
    std::string says{};  // what its processes said of what they are doing; empty: nothing
    Sensed<unsigned> connections = unknown("it was not read");
    Sensed<Presence> presence = unknown("it was not read");
    Sensed<std::vector<std::string>> inhibitors = unknown("they were not read");  // "Impress: presentation"
    Sensed<std::vector<std::string>> commands = unknown("they were not read");    // those of the policy that run
    Sensed<Load> load = unknown("it was not read");
    Sensed<Traffic> traffic = unknown("it was not read");
    Sensed<Battery> battery = unknown("it was not read");
};

// What the release itself says, signed.
struct Urgency {
    bool critical = false;
    std::optional<std::chrono::hours> deadline{};
    bool restarts_machine = false;
};

// What the node has noted of an application that waits for its update, and what people have said about it.
struct Wait {
    std::string package{};  // SHA-256 in hex of what is on offer; empty: nothing has been so far
    std::string running{};  // and of what it would replace; empty: nothing runs
    TimePoint discovered{};
    TimePoint seen{};  // last time that the node noted anything
    // What releases have asked for, counted from the moment this node first heard of each, the soonest of all that came
    // while this one waited.
    std::optional<TimePoint> critical_since{};
    std::optional<TimePoint> release_due{};
    // The last time that the node was away for hours: switched off, asleep, or its clock was set ahead.
    std::optional<TimePoint> left{};
    std::optional<TimePoint> back{};
    unsigned postponements = 0;
    std::optional<TimePoint> postponed_until{};
    std::optional<TimePoint> agreed_from{};  // a person agrees to an interruption in this stretch of time
    std::optional<TimePoint> agreed_until{};
    std::optional<TimePoint> held_until{};  // an operator wants no update
    std::chrono::seconds set_back{0};       // the wall clock was set back by so much, and was not yet set right again

    bool operator==(Wait const&) const = default;
};

// All that a decision is made from, beside the policy and the time.
struct Facts {
    bool running = true;  // false: there is nothing to interrupt
    Urgency urgency{};
    Wait wait{};
    Readings readings{};
    std::chrono::seconds quiet_for{0};  // no sensor has spoken against it for so long
    std::optional<TimePoint> slot{};    // the likely quiet moment that was picked
    std::string trouble{};              // why the node's own notes cannot be read
};

}  // namespace lanyard::gate
