#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/outcome/result.h"

namespace date {
class time_zone;
}

namespace lanyard::gate {

using TimePoint = std::chrono::sys_seconds;

// A stretch of every day, by the clock on the wall: from `from` (included) to `to` (excluded), in minutes after
// midnight. It crosses midnight when `to` is earlier than `from`.
struct Window {
    std::chrono::minutes from;
    std::chrono::minutes to;

    // "HH:MM-HH:MM"; the end may be 24:00. Two equal times are refused: they could mean never or always.
    static Result<Window> parse(std::string_view text);
    std::string text() const;
    bool holds(std::chrono::minutes time_of_day) const;
};

// Turns the wall clock's time into ours, daylight saving included.
class Zone {
public:
    static Zone utc() { return Zone(nullptr); }
    // As in the IANA database, "Europe/Berlin".
    static Result<Zone> named(std::string const& name);
    // What this machine is set to.
    static Result<Zone> here();

    // How far the wall clock is ahead of UTC at `time`, and when that changes next.
    struct Offset {
        std::chrono::seconds ahead;
        TimePoint until;
    };
    Offset offset_at(TimePoint time) const;

private:
    explicit Zone(date::time_zone const* zone) : zone_(zone) {}
    date::time_zone const* zone_;
};

// When an application may be interrupted.
struct Policy {
    std::optional<Window> window;  // nothing: at any time
};

enum class Busy { no, yes, unknown };

// What is known of the application at this moment.
struct Signals {
    bool running = true;  // false: there is nothing to interrupt
    Busy busy = Busy::unknown;
};

struct Decision {
    bool open = false;
    std::vector<std::string> reasons;  // why it is closed, for people; empty when open
    TimePoint earliest;                // when the window is open next; `now` while it is
};

// May the application be interrupted at `now`? Not knowing whether it is busy counts as busy.
// The window is judged by the wall clock: what daylight saving skips is not there on that night, what it repeats counts
// twice.
Decision decide(Policy const& policy, Signals const& signals, TimePoint now, Zone const& zone);

}  // namespace lanyard::gate
