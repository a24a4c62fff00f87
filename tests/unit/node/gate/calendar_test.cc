#include "node/gate/calendar.h"

#include <gtest/gtest.h>

#include "node/gate/errc.h"

namespace lanyard::gate::calendar_test {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

Window window(std::string_view text) { return Window::parse(text).value(); }
Zone zone(std::string const& name) { return Zone::named(name).value(); }
TimePoint at(std::string_view text, Zone const& where = Zone::utc()) { return parse_time(text, where).value(); }

TEST(WeeklyWindow, ReadsItsOwnText) {
    for (auto const* text : {"mon-fri 22:00-05:00", "sat,sun", "mon,wed,fri 12:00-13:00", "sat-mon 01:00-02:00"}) {
        auto const again = window(window(text).text());
        EXPECT_EQ(again.days, window(text).days) << text;
        EXPECT_EQ(again.from, window(text).from) << text;
        EXPECT_EQ(again.to, window(text).to) << text;
    }
    EXPECT_EQ(window("mon-fri 22:00-05:00").text(), "mon-fri 22:00-05:00");
    EXPECT_EQ(window("sat,sun").text(), "sat,sun");
    EXPECT_EQ(window("mon-sun 22:00-05:00").text(), "22:00-05:00");
}

TEST(WeeklyWindow, RefusesWhatIsNoDay) {
    for (auto const* text : {"mo 22:00-05:00", "mon- 22:00-05:00", "mon-fri22:00-05:00", "monday", "mon,,tue", "mon ",
                             "mon  22:00-05:00", "mon-fri-sat", "-mon"}) {
        auto const parsed = Window::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, Errc::malformed_window);
    }
}

TEST(WeeklyWindow, BelongsAcrossMidnightToTheDayOnWhichItBegins) {
    auto const night = window("fri 22:00-05:00");
    EXPECT_TRUE(night.holds(4 * days(1) + 22h));
    EXPECT_TRUE(night.holds(5 * days(1) + 4h));
    EXPECT_FALSE(night.holds(4 * days(1) + 4h));
    EXPECT_TRUE(window("sun 22:00-05:00").holds(4h)) << "Monday morning";
}

TEST(WeeklyWindow, IsOpenAllDayWhenOnlyDaysAreNamed) {
    std::vector const weekend{window("sat,sun")};
    EXPECT_EQ(next_inside(weekend, at("2026-06-15 12:00"), Zone::utc()), at("2026-06-20 00:00"));
    EXPECT_TRUE(inside(weekend, at("2026-06-21 23:59"), Zone::utc()));
    EXPECT_FALSE(inside(weekend, at("2026-06-22 00:00"), Zone::utc()));
}

TEST(WeeklyWindow, OpensWithTheFirstOfSeveral) {
    std::vector const windows{window("sat,sun"), window("mon-fri 22:00-05:00")};
    EXPECT_EQ(next_inside(windows, at("2026-06-19 12:00"), Zone::utc()), at("2026-06-19 22:00"));
    EXPECT_EQ(next_inside(windows, at("2026-06-20 12:00"), Zone::utc()), at("2026-06-20 12:00"));
}

TEST(Zone, FindsTheTimeThatTheWallClockShows) {
    auto const berlin = zone("Europe/Berlin");
    EXPECT_EQ(at("2026-07-01 12:00", berlin), at("2026-07-01 10:00Z"));
    EXPECT_EQ(at("2026-10-25 02:30", berlin), at("2026-10-25 00:30Z")) << "shown twice: the first time";
    EXPECT_EQ(at("2026-03-29 02:30", berlin), at("2026-03-29 01:00Z")) << "never shown: the change";
}

TEST(Zone, WritesNearTimesWithTheirDay) {
    auto const berlin = zone("Europe/Berlin");
    auto const now = at("2026-06-15 12:00", berlin);
    EXPECT_EQ(berlin.text(at("2026-06-16 22:05", berlin), now), "Tue 22:05");
    EXPECT_EQ(berlin.text(at("2026-07-16 22:05", berlin), now), "2026-07-16 22:05");
}

TEST(Tonight, IsTheComingNightOrTheRestOfThisOne) {
    auto const coming = tonight(at("2026-06-15 12:00"), Zone::utc());
    EXPECT_EQ(coming.from, at("2026-06-15 22:00"));
    EXPECT_EQ(coming.until, at("2026-06-16 06:00"));
    auto const this_one = tonight(at("2026-06-15 03:00"), Zone::utc());
    EXPECT_EQ(this_one.from, at("2026-06-15 03:00"));
    EXPECT_EQ(this_one.until, at("2026-06-15 06:00"));
    EXPECT_EQ(tonight(at("2026-06-15 23:00"), Zone::utc()).until, at("2026-06-16 06:00"));
}

TEST(Time, RefusesWhatIsNone) {
    for (auto const* text : {"", "now", "2026-02-30 12:00", "2026-06-15", "2026-06-15 12:60", "2026-06-15 25:00",
                             "2026-06-15 12:00+01:00", "2026/06/15 12:00", "2026-06-15 12:00:61"}) {
        auto const parsed = parse_time(text, Zone::utc());
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, Errc::malformed_time);
    }
    EXPECT_EQ(at("2026-06-15T12:00:30"), at("2026-06-15 12:00") + 30s);
}

TEST(Span, ReadsWhatPeopleWrite) {
    EXPECT_EQ(parse_span("90m").value(), 90min);
    EXPECT_EQ(parse_span("1h30m").value(), 90min);
    EXPECT_EQ(parse_span("7d").value(), 168h);
    for (auto const* text :
         {"", "2", "h", "2x", "-1h", "0m", "9999999h", "1h 30m", "2h3", "367d", "999999d999999d999999d"}) {
        EXPECT_FALSE(parse_span(text)) << text;
    }
}

TEST(Span, IsWrittenForPeople) {
    EXPECT_EQ(in_words(20s), "20 s");
    EXPECT_EQ(in_words(60s), "1 min");
    EXPECT_EQ(in_words(43min), "43 min");
    EXPECT_EQ(in_words(3h + 12min), "3 h 12 min");
    EXPECT_EQ(in_words(24h), "1 day");
    EXPECT_EQ(in_words(51h), "2 days 3 h");
}

}  // namespace
}  // namespace lanyard::gate::calendar_test
