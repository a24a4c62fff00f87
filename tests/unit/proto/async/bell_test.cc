#include "proto/async/bell.h"

#include <gtest/gtest.h>

#include <optional>

#include "proto/async/steady_alarm.h"
#include "tests/support/loop.h"

namespace lanyard::async {
namespace {

using namespace std::chrono_literals;

class BellTest : public testing::Test {
protected:
    // Begins to wait; what came of it stands in `rung` later.
    void wait(std::chrono::milliseconds limit) {
        asio::co_spawn(io, bell->wait(limit), [this](std::exception_ptr, bool by_ring) { rung.push_back(by_ring); });
        io.poll();
        io.restart();
    }

    asio::io_context io;
    std::optional<Bell> bell{std::in_place, io};
    std::vector<bool> rung;
};

TEST_F(BellTest, WakesEveryoneWhoWaits) {
    for (int i = 0; i < 3; ++i) wait(1h);
    EXPECT_EQ(bell->waiting(), 3u);
    bell->ring();
    io.run();
    EXPECT_EQ(rung, (std::vector<bool>{true, true, true}));
    EXPECT_EQ(bell->waiting(), 0u);
}

TEST_F(BellTest, SaysWhenTheLimitIsOverFirst) {
    wait(1ms);
    io.run();
    EXPECT_EQ(rung, std::vector<bool>{false});
}

TEST_F(BellTest, DoesNotKeepARingThatNobodyWaitedFor) {
    bell->ring();
    wait(1ms);
    io.run();
    EXPECT_EQ(rung, std::vector<bool>{false});
}

TEST_F(BellTest, MayBeRungAgain) {
    wait(1h);
    bell->ring();
    io.run();
    io.restart();
    wait(1h);
    bell->ring();
    io.run();
    EXPECT_EQ(rung, (std::vector<bool>{true, true}));
}

TEST_F(BellTest, MayGoBeforeThoseWhoWait) {
    wait(1ms);
    bell.reset();
    io.run();
    EXPECT_EQ(rung, std::vector<bool>{false});
}

TEST_F(BellTest, IsNotTouchedByWaitersThatDieWithTheirContext) {
    auto other = std::make_unique<asio::io_context>();
    auto other_bell = std::make_unique<Bell>(*other);
    asio::co_spawn(*other, other_bell->wait(1h), asio::detached);
    other->poll();
    ASSERT_EQ(other_bell->waiting(), 1u);
    other_bell.reset();
    other.reset();
    EXPECT_TRUE(rung.empty());
}

class SteadyAlarmTest : public testing::Test {
protected:
    void sleep(std::chrono::milliseconds duration) {
        asio::co_spawn(io, alarm.sleep(duration), [this](std::exception_ptr) { ++woken; });
        io.poll();
        io.restart();
    }

    asio::io_context io;
    SteadyAlarm alarm{io};
    int woken = 0;
};

TEST_F(SteadyAlarmTest, WakesAfterItsTime) {
    auto const before = std::chrono::steady_clock::now();
    sleep(5ms);
    io.run();
    EXPECT_EQ(woken, 1);
    EXPECT_GE(std::chrono::steady_clock::now() - before, 5ms);
}

TEST_F(SteadyAlarmTest, LetsTwoSleepAtOnce) {
    sleep(1h);
    sleep(1ms);
    while (woken < 1) io.run_one();
    EXPECT_EQ(woken, 1) << "the second does not wake the first";
    alarm.cancel();
    io.run();
    EXPECT_EQ(woken, 2);
}

TEST_F(SteadyAlarmTest, WakeEndsTheSleepsUnderWayOnly) {
    sleep(1h);
    alarm.wake();
    io.run();
    io.restart();
    EXPECT_EQ(woken, 1);
    sleep(1h);
    EXPECT_EQ(woken, 1);
    alarm.wake();
    io.run();
    EXPECT_EQ(woken, 2);
}

TEST_F(SteadyAlarmTest, NeverSleepsAgainOnceCancelled) {
    sleep(1h);
    alarm.cancel();
    sleep(1h);
    sleep(1h);
    io.run();
    EXPECT_EQ(woken, 3);
}

}  // namespace
}  // namespace lanyard::async
