#include "node/gate/calendar.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include "node/gate/errc.h"

namespace lanyard::gate {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes kDay = hours(24);
constexpr minutes kWeek = 7 * kDay;
constexpr minutes kLongestSpan = 366 * kDay;
constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr char const* kMend =
    "; write it as HH:MM-HH:MM in local time, such as 22:00-05:00, with days before it if need be, such as "
    "\"mon-fri 22:00-05:00\" or \"sat,sun\"";

// A weekly window that daylight saving swallows is there again in the next week or the one after.
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
    minutes const time = hours(*hour) + minutes(*minute);
    if (time > kDay) return std::nullopt;
    return time;
}

std::optional<std::size_t> day_named(std::string_view text) {
    auto const* const found = std::find(kDays.begin(), kDays.end(), text);
    if (found == kDays.end()) return std::nullopt;
    return static_cast<std::size_t>(found - kDays.begin());
}

// "mon", "mon-fri", "sat,sun", "fri-mon"; 0: it is none.
unsigned days_named(std::string_view text) {
    unsigned days = 0;
    while (!text.empty()) {
        auto const comma = std::min(text.find(','), text.size());
        auto const part = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        auto const first = day_named(part.substr(0, 3));
        auto const last =
            part.size() == 3 ? first : day_named(part.size() == 7 && part[3] == '-' ? part.substr(4) : "");
        if (!first || !last) return 0;
        for (auto day = *first;; day = (day + 1) % kDays.size()) {
            days |= 1u << day;
            if (day == *last) break;
        }
    }
    return days;
}

std::string days_text(unsigned days) {
    std::string text;
    for (std::size_t day = 0; day < kDays.size();) {
        auto end = day;
        while (end < kDays.size() && (days >> end & 1u) != 0) ++end;
        if (end > day) {
            text += fmt::format("{}{}", text.empty() ? "" : ",", kDays[day]);
            if (end - day > 1) text += fmt::format("{}{}", end - day > 2 ? "-" : ",", kDays[end - 1]);
        }
        day = end + 1;
    }
    return text;
}

std::string clock_text(minutes time) { return fmt::format("{:02}:{:02}", time.count() / 60, time.count() % 60); }

template <class Duration>
Duration modulo(Duration value, Duration period) {
    auto const rest = value % period;
    return rest < Duration(0) ? rest + period : rest;
}

Result<Zone> not_found(std::string const& name, std::exception const& why) {
    return fail(Errc::unknown_zone, fmt::format("the time zone {} cannot be read ({}); install the package tzdata, or "
                                                "leave the time window out",
                                                name, why.what()));
}

std::optional<seconds> date_and_time(std::string_view text) {
    if (text.size() != 16 && text.size() != 19) return std::nullopt;
    auto const century = two_digits(text.substr(0, 2));
    auto const year = two_digits(text.substr(2, 2));
    auto const month = two_digits(text.substr(5, 2));
    auto const day = two_digits(text.substr(8, 2));
    auto const time = time_of_day(text.substr(11, 5));
    auto const second = text.size() == 19 ? two_digits(text.substr(17)) : std::optional(0);
    if (!century || !year || !month || !day || !time || !second || *second > 59) return std::nullopt;
    if (text[4] != '-' || text[7] != '-' || (text[10] != ' ' && text[10] != 'T')) return std::nullopt;
    if (text.size() == 19 && text[16] != ':') return std::nullopt;
    std::chrono::year_month_day const date(std::chrono::year(*century * 100 + *year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day)));
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch() + *time + seconds(*second);
}

}  // namespace

Result<Window> Window::parse(std::string_view text) {
    auto const malformed = [&] {
        return fail(Errc::malformed_window, fmt::format("'{}' is not a time window{}", text.substr(0, 60), kMend));
    };
    auto times = text;
    Window window;
    bool const has_days = !text.empty() && text[0] >= 'a' && text[0] <= 'z';
    if (has_days) {
        auto const space = text.find(' ');
        window.days = days_named(text.substr(0, space));
        if (window.days == 0) return malformed();
        times = space == std::string_view::npos ? std::string_view("00:00-24:00") : text.substr(space + 1);
    }
    bool const formed = times.size() == 11 && times[5] == '-';
    auto const begin = time_of_day(times.substr(0, 5));
    auto const end = time_of_day(formed ? times.substr(6) : std::string_view());
    if (!begin || !end || *begin == kDay) return malformed();
    bool const whole_day = *begin == minutes(0) && *end == kDay;
    if (*begin == *end || (whole_day && !has_days)) {
        return fail(Errc::malformed_window,
                    fmt::format("the window '{}' begins when it ends; leave the window out to allow every time",
                                text.substr(0, 60)));
    }
    window.from = *begin;
    window.to = *end;
    return window;
}

std::string Window::text() const {
    auto const times = clock_text(from) + "-" + clock_text(to);
    if (days == kEveryDay && times != "00:00-24:00") return times;
    return times == "00:00-24:00" ? days_text(days) : days_text(days) + " " + times;
}

bool Window::holds(minutes of_week) const {
    auto const length = to > from ? to - from : to - from + kDay;
    for (int day = 0; day < 7; ++day) {
        if ((days >> day & 1u) != 0 && modulo(of_week - day * kDay - from, kWeek) < length) return true;
    }
    return false;
}

seconds Window::until_begin(seconds of_week) const {
    auto least = seconds(kWeek);
    for (int day = 0; day < 7; ++day) {
        if ((days >> day & 1u) != 0)
            least = std::min(least, modulo(seconds(day * kDay + from) - of_week, seconds(kWeek)));
    }
    return least;
}

// The library reports an unknown name, a missing database and a broken file alike by exceptions.
Result<Zone> Zone::named(std::string const& name) {
    try {
        return Zone(date::locate_zone(name));
    } catch (std::exception const& e) {
        return not_found("'" + name.substr(0, 60) + "'", e);
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

// 1970-01-01 was a Thursday.
seconds Zone::of_week(TimePoint time) const {
    auto const local = time.time_since_epoch() + offset_at(time).ahead;
    return modulo(local + seconds(3 * kDay), seconds(kWeek));
}

TimePoint Zone::when_it_shows(seconds local) const {
    // A day before, the clock was surely earlier than that; then every change of the offset is walked through.
    auto time = TimePoint(local) - std::chrono::days(2);
    for (int i = 0; i < kMostOffsets; ++i) {
        auto const offset = offset_at(time);
        auto const shown = TimePoint(local - offset.ahead);
        if (shown < offset.until) return std::max(shown, time);
        time = offset.until;
    }
    return TimePoint(local);
}

std::string Zone::text(TimePoint time, TimePoint now) const {
    auto const local = std::chrono::sys_seconds(time.time_since_epoch() + offset_at(time).ahead);
    auto const midnight = std::chrono::floor<std::chrono::days>(local);
    auto const clock = clock_text(std::chrono::floor<minutes>(local - midnight));
    if (time > now - std::chrono::days(6) && time < now + std::chrono::days(6)) {
        constexpr std::array<char const*, 7> kNames{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
        return fmt::format("{} {}", kNames[std::chrono::weekday(midnight).iso_encoding() - 1], clock);
    }
    std::chrono::year_month_day const date(midnight);
    return fmt::format("{}-{:02}-{:02} {}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()), clock);
}

bool inside(std::span<Window const> windows, TimePoint time, Zone const& zone) {
    if (windows.empty()) return true;
    auto const of_week = std::chrono::floor<minutes>(zone.of_week(time));
    return std::any_of(windows.begin(), windows.end(), [&](Window const& window) { return window.holds(of_week); });
}

TimePoint next_inside(std::span<Window const> windows, TimePoint now, Zone const& zone) {
    auto time = now;
    for (int i = 0; i < kMostOffsets; ++i) {
        if (inside(windows, time, zone)) return time;
        auto const of_week = zone.of_week(time);
        auto opens = TimePoint::max();
        for (auto const& window : windows) opens = std::min(opens, time + window.until_begin(of_week));
        auto const offset = zone.offset_at(time);
        if (opens < offset.until) return opens;
        time = offset.until;
    }
    return time;
}

Tonight tonight(TimePoint now, Zone const& zone) {
    auto const local = now.time_since_epoch() + zone.offset_at(now).ahead;
    auto const midnight = std::chrono::floor<std::chrono::days>(local);
    auto const morning = zone.when_it_shows(midnight + hours(6));
    if (now < morning) return {now, morning};
    return {std::max(now, zone.when_it_shows(midnight + hours(22))), zone.when_it_shows(midnight + hours(30))};
}

Result<TimePoint> parse_time(std::string_view text, Zone const& zone) {
    bool const in_utc = text.ends_with('Z');
    auto const local = date_and_time(in_utc ? text.substr(0, text.size() - 1) : text);
    if (!local) {
        return fail(Errc::malformed_time,
                    fmt::format("'{}' is not a time; write it as \"2026-10-25 22:00\" in local time, or with a Z at "
                                "its end in UTC",
                                text.substr(0, 40)));
    }
    return in_utc ? TimePoint(*local) : zone.when_it_shows(*local);
}

Result<minutes> parse_span(std::string_view text) {
    minutes total{0};
    auto rest = text;
    while (!rest.empty() && total <= kLongestSpan) {
        std::int64_t number = 0;
        std::size_t digits = 0;
        for (; digits < rest.size() && digits < 6 && rest[digits] >= '0' && rest[digits] <= '9'; ++digits) {
            number = number * 10 + (rest[digits] - '0');
        }
        auto const unit = digits == 0 || digits == rest.size() ? '?' : rest[digits];
        if (unit != 'm' && unit != 'h' && unit != 'd') break;
        total += minutes(number * (unit == 'm' ? 1 : unit == 'h' ? 60 : 24 * 60));
        rest.remove_prefix(digits + 1);
    }
    if (rest.empty() && total > minutes(0) && total <= kLongestSpan) return total;
    return fail(
        Errc::malformed_time,
        fmt::format("'{}' is not a length of time up to 366d; write it as 30m, 2h, 1h30m or 7d", text.substr(0, 40)));
}

std::string in_words(seconds span) {
    auto const count = std::max<std::int64_t>(span.count(), 0);
    auto const pair = [](std::int64_t high, std::string_view high_name, std::int64_t low, std::string_view low_name) {
        return low == 0 ? fmt::format("{} {}", high, high_name)
                        : fmt::format("{} {} {} {}", high, high_name, low, low_name);
    };
    if (count < 120 && count % 60 != 0) return fmt::format("{} s", count);
    if (count < 3'600) return fmt::format("{} min", count / 60);
    if (count < 86'400) return pair(count / 3'600, "h", count % 3'600 / 60, "min");
    return pair(count / 86'400, count < 2 * 86'400 ? "day" : "days", count % 86'400 / 3'600, "h");
}

}  // namespace lanyard::gate
