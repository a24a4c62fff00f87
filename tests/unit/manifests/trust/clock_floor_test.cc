#include "manifests/trust/clock_floor.h"

#include <gtest/gtest.h>

#include <limits>

#include "manifests/trust/errc.h"

namespace lanyard::trust::clock_floor_test {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::years;

constexpr TimePoint kFloor{1'800'000'000s};

void expect_set_back(TimePoint clock, TimePoint floor = kFloor) {
    auto const time = believable_time(clock, floor);
    ASSERT_FALSE(time);
    EXPECT_EQ(time.error().code, Errc::clock_set_back);
    EXPECT_EQ(kind_of(time.error().code), Kind::trust);
    EXPECT_NE(time.error().detail.find("set back"), std::string::npos) << time.error().detail;
}

TEST(ClockFloor, IsNoneBeforeTheFirstRefresh) {
    EXPECT_EQ(believable_time(kFloor, std::nullopt).value(), kFloor);
    EXPECT_EQ(believable_time(TimePoint(0s), std::nullopt).value(), TimePoint(0s));
}

TEST(ClockFloor, LeavesAClockThatGoesOnAlone) {
    EXPECT_EQ(believable_time(kFloor, kFloor).value(), kFloor);
    EXPECT_EQ(believable_time(kFloor + 1s, kFloor).value(), kFloor + 1s);
    EXPECT_EQ(believable_time(kFloor + years(10), kFloor).value(), kFloor + years(10));
}

TEST(ClockFloor, NeverGivesATimeBeforeIt) {
    EXPECT_EQ(believable_time(kFloor - 1s, kFloor).value(), kFloor);
    EXPECT_EQ(believable_time(kFloor - 24h, kFloor).value(), kFloor);
}

TEST(ClockFloor, RefusesAClockThatWasSetBack) {
    expect_set_back(kFloor - 24h - 1s);
    expect_set_back(kFloor - years(10));
    expect_set_back(TimePoint(0s));
    expect_set_back(TimePoint(-1s));
}

TEST(ClockFloor, IsNotConfusedByALeapSecond) {
    TimePoint const midnight{1'483'228'800s};  // 2017-01-01, after 23:59:60, which is told as 23:59:59 again
    EXPECT_EQ(believable_time(midnight - 1s, midnight).value(), midnight);
    EXPECT_EQ(believable_time(midnight, midnight - 1s).value(), midnight);
}

TEST(ClockFloor, GoesOnAfterTheYear2038) {
    TimePoint const end{std::chrono::seconds(std::numeric_limits<std::int32_t>::max())};
    EXPECT_EQ(believable_time(end + 1s, end).value(), end + 1s);
    // What a clock of 32 bits shows after that second.
    expect_set_back(TimePoint(std::chrono::seconds(std::numeric_limits<std::int32_t>::min())), end);
}

TEST(ClockFloor, IsIgnoredWhenItIsOutOfRange) {
    TimePoint const earliest{std::chrono::seconds(std::numeric_limits<std::int64_t>::min())};
    TimePoint const latest{std::chrono::seconds(std::numeric_limits<std::int64_t>::max())};
    EXPECT_EQ(believable_time(kFloor, latest).value(), kFloor);
    EXPECT_EQ(believable_time(kFloor, earliest).value(), kFloor);
}

TEST(ClockFloor, SaysWhenARefusalEnds) {
    auto const time = believable_time(kFloor - days(3), kFloor);
    ASSERT_FALSE(time);
    EXPECT_NE(time.error().detail.find("2027-01-14T08:00:00Z"), std::string::npos) << time.error().detail;
}

}  // namespace
}  // namespace lanyard::trust::clock_floor_test
