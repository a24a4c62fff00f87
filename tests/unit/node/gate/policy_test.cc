#include "node/gate/decision.h"

#include <gtest/gtest.h>

#include <array>

#include "node/gate/errc.h"

namespace lanyard::gate::policy_test {
namespace {

using namespace std::chrono_literals;
using std::chrono::minutes;
using std::chrono::seconds;

Window window(std::string_view text) { return Window::parse(text).value(); }
Zone zone(std::string const& name) { return Zone::named(name).value(); }

TimePoint utc(int year, unsigned month, unsigned day, minutes time = 0min) {
    auto const date = std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day);
    return std::chrono::sys_days(date) + time;
}

Policy within(Window const& only, Zone const& where = Zone::utc()) {
    Policy policy;
    policy.windows.push_back(only);
    policy.zone = where;
    return policy;
}

Facts sensed(bool running, Busy busy) {
    Facts facts{.running = running};
    facts.readings.busy = busy;
    return facts;
}

Facts const kIdle = sensed(true, Busy::no);

bool open_at(std::string_view text, TimePoint now, Zone const& where) {
    return decide(within(window(text), where), kIdle, now).open;
}

TEST(Window, ReadsItsOwnText) {
    for (auto const* text : {"22:00-05:00", "00:00-00:01", "12:30-24:00"}) EXPECT_EQ(window(text).text(), text);
}

TEST(Window, RefusesWhatIsNoWindow) {
    for (auto const* text :
         {"", "22:00", "22:00-", "22:00-5:00", "22:00-05:60", "24:00-05:00", "25:00-26:00", "22:00_05:00",
          "22:00-05:00 ", "-1:00-05:00", "22:00-24:01", "aa:bb-cc:dd", "22:00-22:00", "00:00-24:00"}) {
        auto const parsed = Window::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, Errc::malformed_window);
    }
}

TEST(Window, HoldsItsBeginningAndNotItsEnd) {
    EXPECT_TRUE(window("09:00-17:00").holds(9h));
    EXPECT_FALSE(window("09:00-17:00").holds(17h));
    EXPECT_TRUE(window("22:00-05:00").holds(0h));
    EXPECT_TRUE(window("22:00-05:00").holds(22h));
    EXPECT_FALSE(window("22:00-05:00").holds(5h));
    EXPECT_TRUE(window("12:00-24:00").holds(24h - 1min));
}

TEST(Zone, SaysThatANameIsUnknown) {
    auto const nowhere = Zone::named("Nowhere/Land");
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().code, Errc::unknown_zone);
}

struct Case {
    char const* name;
    Policy policy;
    Facts facts;
    TimePoint now;
    bool open;
    std::size_t reasons;
};

class DecideOn : public testing::TestWithParam<Case> {};

TEST_P(DecideOn, OpensOnlyWhenNobodyIsDisturbed) {
    auto const& given = GetParam();
    auto const decision = decide(given.policy, given.facts, given.now);
    EXPECT_EQ(decision.open, given.open);
    EXPECT_EQ(decision.reasons.size(), given.reasons);
}

TimePoint const kNoon = utc(2026, 6, 15, 12h);
TimePoint const kNight = utc(2026, 6, 15, 23h);
Policy const kAlways{};
Policy const kAtNight = within(window("22:00-05:00"));

INSTANTIATE_TEST_SUITE_P(
    , DecideOn,
    testing::Values(Case{"IdleAtAnyTime", kAlways, kIdle, kNoon, true, 0},
                    Case{"Busy", kAlways, sensed(true, Busy::yes), kNoon, false, 1},
                    Case{"UnknownCountsAsBusy", kAlways, sensed(true, Busy::unknown), kNoon, false, 1},
                    Case{"IdleInTheWindow", kAtNight, kIdle, kNight, true, 0},
                    Case{"IdleOutsideTheWindow", kAtNight, kIdle, kNoon, false, 1},
                    Case{"BusyInTheWindow", kAtNight, sensed(true, Busy::yes), kNight, false, 1},
                    Case{"BusyOutsideTheWindow", kAtNight, sensed(true, Busy::yes), kNoon, false, 2},
                    Case{"NothingRuns", kAtNight, sensed(false, Busy::yes), kNoon, true, 0}),
    [](auto const& instance) { return instance.param.name; });

TEST(Decide, GoesByTheWallClockOfTheZone) {
    auto const noon_in_berlin = utc(2026, 7, 1, 10h);
    EXPECT_TRUE(open_at("12:00-13:00", noon_in_berlin, zone("Europe/Berlin")));
    EXPECT_FALSE(open_at("12:00-13:00", noon_in_berlin, Zone::utc()));
    EXPECT_TRUE(open_at("19:00-20:00", noon_in_berlin, zone("Asia/Tokyo")));
}

TEST(Decide, SaysWhenTheWindowOpensNext) {
    auto const decision = decide(kAtNight, kIdle, kNoon);
    EXPECT_EQ(decision.earliest, utc(2026, 6, 15, 22h));
    EXPECT_EQ(decision.reasons.front(), "outside the time window 22:00-05:00");
    EXPECT_EQ(decide(kAtNight, kIdle, kNight).earliest, kNight);
}

// In Berlin the clock goes from 02:00 to 03:00 on 2026-03-29 at 01:00 UTC, and from 03:00 back to 02:00 on 2026-10-25
// at 01:00 UTC.
TEST(Decide, SkipsAWindowThatDaylightSavingSwallows) {
    auto const berlin = zone("Europe/Berlin");
    auto const swallowed = decide(within(window("02:10-02:50"), berlin), kIdle, utc(2026, 3, 29, 0h));
    EXPECT_EQ(swallowed.earliest, utc(2026, 3, 30, 10min));
}

TEST(Decide, OpensAWindowLateWhenItsBeginningIsSwallowed) {
    auto const berlin = zone("Europe/Berlin");
    auto const late = decide(within(window("02:30-03:30"), berlin), kIdle, utc(2026, 3, 29, 0h));
    EXPECT_EQ(late.earliest, utc(2026, 3, 29, 1h));
    EXPECT_FALSE(open_at("02:30-03:30", utc(2026, 3, 29, 1h + 30min), berlin));
}

TEST(Decide, OpensAWindowAgainWhenTheHourComesTwice) {
    auto const berlin = zone("Europe/Berlin");
    EXPECT_TRUE(open_at("02:15-02:45", utc(2026, 10, 25, 20min), berlin));
    EXPECT_FALSE(open_at("02:15-02:45", utc(2026, 10, 25, 50min), berlin));
    EXPECT_TRUE(open_at("02:15-02:45", utc(2026, 10, 25, 1h + 20min), berlin));
}

struct Year {
    char const* name;
    char const* zone;
    char const* window;
    std::array<std::chrono::sys_days, 2> changes;  // the nights on which the clock is changed
};

std::chrono::sys_days day(int month, int of_month) { return std::chrono::year(2026) / month / of_month; }

class DecideOverAYear : public testing::TestWithParam<Year> {
protected:
    // Minute by minute, without the search for the next opening.
    bool open(TimePoint time) const {
        auto const local = time.time_since_epoch() + zone_.offset_at(time).ahead;
        auto const of_day = std::chrono::floor<minutes>(local) % 24h;
        return window_.holds(of_day);
    }

    void check(TimePoint now) const {
        auto const decision = decide(within(window_, zone_), kIdle, now);
        ASSERT_EQ(decision.open, open(now)) << now.time_since_epoch().count();
        ASSERT_EQ(decision.open, decision.earliest == now);
        ASSERT_TRUE(open(decision.earliest)) << now.time_since_epoch().count();
        if (!decision.open) {
            ASSERT_FALSE(open(decision.earliest - 1min)) << now.time_since_epoch().count();
        }
        ASSERT_LT(decision.earliest - now, 48h);
    }

    Window window_ = window(GetParam().window);
    Zone zone_ = zone(GetParam().zone);
};

// 61 minutes have no common divisor with a day: every minute of the day is met in every season.
TEST_P(DecideOverAYear, AgreesWithTheWallClock) {
    for (auto now = TimePoint(day(1, 1)); now < day(12, 31); now += 61min) check(now);
}

TEST_P(DecideOverAYear, FindsTheFirstOpenMinuteInTheNightsThatChangeTheClock) {
    for (auto const change : GetParam().changes) {
        TimePoint const begin = change - std::chrono::days(1);
        TimePoint next = begin + 96h;
        for (auto now = begin + 96h; now >= begin; now -= 1min) {
            if (open(now)) next = now;
            if (now > begin + 48h) continue;
            check(now);
            ASSERT_EQ(decide(within(window_, zone_), kIdle, now).earliest, next) << now.time_since_epoch().count();
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    , DecideOverAYear,
    testing::Values(Year{"BerlinNight", "Europe/Berlin", "22:00-05:00", {day(3, 29), day(10, 25)}},
                    Year{"BerlinSwallowed", "Europe/Berlin", "02:10-02:50", {day(3, 29), day(10, 25)}},
                    Year{"BerlinEndsInTheGap", "Europe/Berlin", "01:30-02:30", {day(3, 29), day(10, 25)}},
                    Year{"NewYork", "America/New_York", "01:30-02:30", {day(3, 8), day(11, 1)}},
                    Year{"LordHoweChangesByHalfAnHour", "Australia/Lord_Howe", "01:45-02:15", {day(4, 4), day(10, 3)}},
                    Year{"SantiagoChangesAtMidnight", "America/Santiago", "23:30-00:30", {day(4, 5), day(9, 6)}},
                    Year{"Kathmandu", "Asia/Kathmandu", "00:00-00:15", {day(3, 29), day(10, 25)}}),
    [](auto const& instance) { return instance.param.name; });

}  // namespace
}  // namespace lanyard::gate::policy_test
