#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "proto/outcome/result.h"

namespace date {
class time_zone;
}

namespace lanyard::gate {

using TimePoint = std::chrono::sys_seconds;

// A stretch of the week, by the clock on the wall: on each of its days from `from` (included) to `to` (excluded), in
// minutes after midnight. It crosses midnight when `to` is earlier than `from`, and then belongs to the day on which it
// begins.
struct Window {
    static constexpr unsigned kEveryDay = 0b1111111;

    std::chrono::minutes from{0};
    std::chrono::minutes to{0};
    unsigned days = kEveryDay;  // bit 0 is Monday, bit 6 Sunday

    // "HH:MM-HH:MM", "mon-fri HH:MM-HH:MM" or "sat,sun"; the end may be 24:00. Two equal times are refused: they could
    // mean never or always. Whole days need days.
    static Result<Window> parse(std::string_view text);
    std::string text() const;

    // `of_week` counts from Monday 00:00.
    bool holds(std::chrono::minutes of_week) const;
    // From then to its next beginning; 0 when it begins then.
    std::chrono::seconds until_begin(std::chrono::seconds of_week) const;
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

    // Since Monday 00:00 by the wall clock.
    std::chrono::seconds of_week(TimePoint time) const;
    // When the wall clock shows this (seconds since 1970-01-01 00:00 on the wall): the first time, if it does so twice;
    // the moment of the change, if it never does.
    TimePoint when_it_shows(std::chrono::seconds local) const;
    // "Tue 22:00" within six days of `now`, else "2026-03-29 22:00".
    std::string text(TimePoint time, TimePoint now) const;

private:
    explicit Zone(date::time_zone const* zone) : zone_(zone) {}
    date::time_zone const* zone_;
};

// Whether the wall clock stands inside one of the windows; none at all hold every moment.
bool inside(std::span<Window const> windows, TimePoint time, Zone const& zone);

// The first moment from `now` on at which it does. What daylight saving skips is not there on that night, what it
// repeats counts twice.
TimePoint next_inside(std::span<Window const> windows, TimePoint now, Zone const& zone);

// The next 22:00 by the wall clock, `now` when it is past 22:00 already or before 06:00; and the 06:00 after it.
struct Tonight {
    TimePoint from;
    TimePoint until;
};
Tonight tonight(TimePoint now, Zone const& zone);

// "2026-10-25 22:00" or "2026-10-25T22:00:30", by the wall clock; with a Z at its end: UTC.
Result<TimePoint> parse_time(std::string_view text, Zone const& zone);

// "90m", "2h", "7d", "1h30m"; a year at most.
Result<std::chrono::minutes> parse_span(std::string_view text);

// "3 h 12 min", "43 min", "20 s", "2 days 3 h".
std::string in_words(std::chrono::seconds span);

}  // namespace lanyard::gate
