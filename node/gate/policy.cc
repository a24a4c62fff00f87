#include "node/gate/policy.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <stdexcept>

#include "node/gate/errc.h"

namespace lanyard::gate {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes kDay = std::chrono::hours(24);
constexpr char const* kMend = "; write it as HH:MM-HH:MM in local time, such as 22:00-05:00";

// A daily window that daylight saving swallows is there again on the next day or the one after.
constexpr int kMostOffsets = 16;

std::optional<int> two_digits(std::string_view text) {
    auto const digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.size() != 2 || !digit(text[0]) || !digit(text[1])) return std::nullopt;
    return (text[0] - '0') * 10 + (text[1] - '0');
}

std::optional<minutes> time_of_day(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    auto const hour = two_digits(text.substr(0, 2));
    auto const minute = two_digits(text.substr(3));
    if (!hour || !minute || *minute > 59) return std::nullopt;
    minutes const time = std::chrono::hours(*hour) + minutes(*minute);
    if (time > kDay) return std::nullopt;
    return time;
}

std::string clock_text(minutes time) { return fmt::format("{:02}:{:02}", time.count() / 60, time.count() % 60); }

seconds since_midnight(seconds local) {
    auto const rest = local % seconds(kDay);
    return rest < seconds(0) ? rest + kDay : rest;
}

// The first moment from `now` on at which the wall clock stands inside the window.
TimePoint next_inside(Window const& window, TimePoint now, Zone const& zone) {
    auto time = now;
    for (int i = 0; i < kMostOffsets; ++i) {
        auto const offset = zone.offset_at(time);
        auto const local = since_midnight(time.time_since_epoch() + offset.ahead);
        if (window.holds(std::chrono::floor<minutes>(local))) return time;
        auto const opens = time + since_midnight(seconds(window.from) - local);
        if (opens < offset.until) return opens;
        time = offset.until;
    }
    return time;
}

Result<Zone> not_found(std::string const& name, std::exception const& why) {
    return fail(Errc::unknown_zone, fmt::format("the time zone {} cannot be read ({}); install the package tzdata, or "
                                                "leave the time window out",
                                                name, why.what()));
}

}  // namespace

Result<Window> Window::parse(std::string_view text) {
    bool const formed = text.size() == 11 && text[5] == '-';
    auto const from = time_of_day(text.substr(0, 5));
    auto const to = time_of_day(formed ? text.substr(6) : std::string_view());
    if (!from || !to || *from == kDay) {
        return fail(Errc::malformed_window, fmt::format("'{}' is not a time window{}", text.substr(0, 40), kMend));
    }
    if (*from == *to || (*from == minutes(0) && *to == kDay)) {
        return fail(Errc::malformed_window,
                    fmt::format("the window '{}' begins when it ends; leave the window out to allow every time", text));
    }
    return Window{*from, *to};
}

std::string Window::text() const { return clock_text(from) + "-" + clock_text(to); }

bool Window::holds(minutes time) const {
    if (from < to) return from <= time && time < to;
    return time >= from || time < to;
}

// The library reports an unknown name, a missing database and a broken file alike by exceptions.
Result<Zone> Zone::named(std::string const& name) {
    try {
        return Zone(date::locate_zone(name));
    } catch (std::exception const& e) {
        return not_found("'" + name + "'", e);
    }
}

Result<Zone> Zone::here() {
    try {
        return Zone(date::current_zone());
    } catch (std::exception const& e) {
        return not_found("of this machine", e);
    }
}

Zone::Offset Zone::offset_at(TimePoint time) const {
    if (!zone_) return Offset{seconds(0), TimePoint::max()};
    auto const info = zone_->get_info(date::sys_seconds(time.time_since_epoch()));
    return Offset{info.offset, TimePoint(info.end.time_since_epoch())};
}

Decision decide(Policy const& policy, Signals const& signals, TimePoint now, Zone const& zone) {
    Decision decision{.open = false, .reasons = {}, .earliest = now};
    if (signals.running) {
        if (policy.window) decision.earliest = next_inside(*policy.window, now, zone);
        if (decision.earliest > now) {
            decision.reasons.push_back(fmt::format("outside the time window {}", policy.window->text()));
        }
        if (signals.busy == Busy::yes) decision.reasons.push_back("the application is busy: it holds its busy.lock");
        if (signals.busy == Busy::unknown) {
            decision.reasons.push_back("cannot tell whether the application is busy: its busy.lock cannot be read");
        }
    }
    decision.open = decision.reasons.empty();
    return decision;
}

}  // namespace lanyard::gate
