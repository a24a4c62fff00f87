#include "node/gate/forecast.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "node/gate/diary.h"
#include "node/gate/sqlite_memory.h"
#include "node/gate/wait.h"
#include "tests/support/fake_senses.h"
#include "tests/support/fake_time.h"
#include "tests/support/scratch.h"

namespace lanyard::gate::forecast_test {
namespace {

using namespace std::chrono_literals;

TimePoint at(std::string_view text) { return parse_time(text, Zone::utc()).value(); }
TimePoint const kNow = at("2026-06-15 12:00");  // a Monday

// Quiet from midnight to five, busy otherwise.
History quiet_nights() {
    History history{};
    for (std::size_t hour = 0; hour < history.size(); ++hour) history[hour] = {100, hour % 24 < 5 ? 98u : 3u};
    return history;
}

Policy at_night() {
    Policy policy;
    policy.windows = {Window::parse("22:00-05:00").value()};
    return policy;
}

TEST(Forecast, PicksAQuietHour) {
    for (std::uint64_t share = 0; share < 200; ++share) {
        auto const slot = forecast(quiet_nights(), Policy{}, kNow, kNow + 72h, share).value();
        EXPECT_LT(hour_of_week(slot.from, Zone::utc()) % 24, 5u);
        EXPECT_GT(slot.percent, 90u);
    }
}

TEST(Forecast, StaysWithinTheWindowsAndBeforeTheLimit) {
    Policy narrow;
    narrow.windows = {Window::parse("03:50-04:05").value()};
    for (std::uint64_t share = 0; share < 200; ++share) {
        for (auto const& policy : {at_night(), narrow}) {
            auto const slot = forecast(History{}, policy, kNow, kNow + 40h, share).value();
            EXPECT_TRUE(inside(policy.windows, slot.from, Zone::utc()));
            EXPECT_LT(slot.from, kNow + 40h);
            EXPECT_GE(slot.from, kNow - 1h);
        }
    }
}

TEST(Forecast, FindsNothingWhereNoHourIsLeft) {
    EXPECT_FALSE(forecast(History{}, at_night(), kNow, kNow + 5h, 1));
    EXPECT_FALSE(forecast(History{}, Policy{}, kNow, kNow, 1));
}

TEST(Forecast, NeverLooksFurtherThanAWeek) {
    for (std::uint64_t share = 0; share < 200; ++share) {
        EXPECT_LE(forecast(History{}, Policy{}, kNow, TimePoint::max(), share).value().from, kNow + kFarthestSlot);
    }
}

TEST(Forecast, StaysTheSameUntilItHasPassed) {
    for (std::uint64_t share = 0; share < 50; ++share) {
        auto const first = forecast(quiet_nights(), at_night(), kNow, kNow + 72h, share).value();
        for (auto now = kNow; now <= first.from; now += 17min) {
            ASSERT_EQ(forecast(quiet_nights(), at_night(), now, kNow + 72h, share).value().from, first.from);
        }
    }
}

TEST(Forecast, SpreadsASiteOverTheNights) {
    std::map<TimePoint, int> hours;
    std::set<TimePoint> moments;
    for (int node = 0; node < 1'000; ++node) {
        auto const share = share_of("node-" + std::to_string(node), "demo");
        auto const slot = forecast(quiet_nights(), at_night(), kNow, kNow + 72h, share).value();
        ++hours[std::chrono::floor<std::chrono::hours>(slot.from)];
        moments.insert(slot.from);
    }
    EXPECT_EQ(hours.size(), 15u) << "three nights of five hours";
    for (auto const& [hour, nodes] : hours) EXPECT_LT(nodes, 100);
    EXPECT_GT(moments.size(), 500u);
}

TEST(Share, StaysTheSameAndDiffersBetweenNodesAndApplications) {
    EXPECT_EQ(share_of("a", "demo"), share_of("a", "demo"));
    EXPECT_NE(share_of("a", "demo"), share_of("b", "demo"));
    EXPECT_NE(share_of("a", "demo"), share_of("a", "mail"));
}

class MemoryTest : public testing::Test {
protected:
    store::Database open() {
        std::array<std::string_view, 1> const migrations{memory_schema()};
        return store::Database::open(scratch / "node.db", migrations).value();
    }
    support::Scratch scratch;
    store::Database database = open();
    SqliteMemory memory{database};
    release::AppId demo = release::AppId::parse("demo").value();
};

TEST_F(MemoryTest, KeepsWhatPeopleHaveDecidedOverARestart) {
    EXPECT_EQ(memory.wait(demo).value(), Wait{});
    Wait const wait{.package = "two",
                    .running = "one",
                    .discovered = kNow,
                    .seen = kNow + 1h,
                    .critical_since = kNow - 5h,
                    .release_due = kNow + 9h,
                    .left = kNow - 2h,
                    .back = kNow - 1h,
                    .postponements = 2,
                    .postponed_until = kNow + 2h,
                    .agreed_until = kNow + 3h,
                    .held_until = kNow + 4h,
                    .set_back = 6h};
    ASSERT_TRUE(memory.keep(demo, wait));
    auto other = open();
    EXPECT_EQ(SqliteMemory(other).wait(demo).value(), wait);
}

TEST_F(MemoryTest, MakesSomethingSensibleOfNumbersThatWereDamaged) {
    ASSERT_TRUE(database.write([](store::Connection& db) -> Status {
        db.prepare(
              "INSERT INTO gate_waits VALUES ('demo', 'two', 'one', -9223372036854775807, 9223372036854775807, NULL, "
              "9223372036854775807, NULL, NULL, -5, NULL, NULL, NULL, NULL, 9223372036854775807)")
            .run();
        db.prepare("INSERT INTO gate_idle_hours VALUES ('demo', 5, -3, -9), ('demo', 6, 7, 9000), ('demo', 999, 1, 1)")
            .run();
        return {};
    }));
    auto const wait = memory.wait(demo).value();
    EXPECT_EQ(wait.postponements, 0u);
    auto const known = noticed(wait, {}, "two", "one", kNow);
    EXPECT_FALSE(decide(Policy{}, Facts{.wait = known}, kNow).open) << "whether it is busy is not known";
    auto const history = memory.history(demo).value();
    EXPECT_EQ(history[5].looks, 0u);
    EXPECT_EQ(history[6].quiet, 7u);
}

TEST_F(MemoryTest, LetsOldLooksFade) {
    for (int i = 0; i < 120; ++i) ASSERT_TRUE(memory.add_look(demo, 5, true));
    EXPECT_EQ(memory.history(demo).value()[5].looks, 60u);
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(memory.add_look(demo, 5, false));
    auto const hour = memory.history(demo).value()[5];
    EXPECT_LE(hour.looks, 120u);
    EXPECT_LT(hour.quiet, 2u);
    EXPECT_EQ(memory.history(demo).value()[6].looks, 0u);
}

TEST(Diary, CountsEveryFiveMinutesInTheHourOfTheWeek) {
    support::FakeTime time;
    support::FakeSenses senses;
    support::FakeMemory memory;
    auto const demo = release::AppId::parse("demo").value();
    Diary diary(time, senses, memory, time.wall_clock(), [&] {
        return std::vector<Watched>{{demo, Policy{}, "/srv/demo", {}}};
    });
    time.on_sleep = [&] {
        if (time.slept.size() == 6) senses.now.busy = Busy::unknown;
        if (time.slept.size() == 24) diary.stop();
    };
    asio::io_context io;
    asio::co_spawn(io, diary.run(), asio::detached);
    io.run();
    auto const noon = hour_of_week(time.begin, Zone::utc());
    EXPECT_EQ(memory.histories[demo][noon].looks, 12u);
    EXPECT_EQ(memory.histories[demo][noon].quiet, 6u);
    EXPECT_EQ(memory.histories[demo][noon + 1].looks, 12u);
    EXPECT_EQ(memory.histories[demo][noon + 1].quiet, 0u);
}

}  // namespace
}  // namespace lanyard::gate::forecast_test
