#include "node/drain/downtime.h"

#include <gtest/gtest.h>

#include "tests/support/fake_processes.h"
#include "tests/support/fake_time.h"

namespace lanyard::drain {
namespace {

using namespace std::chrono_literals;

class DowntimeTest : public testing::Test {
protected:
    void look_after(std::chrono::milliseconds passed, std::set<std::uint16_t> open) {
        time.passed += passed;
        ports.open = std::move(open);
        ASSERT_TRUE(downtime.listening({80, 443}));
    }

    support::FakeTime time;
    support::FakePorts ports;
    Downtime downtime{ports, time.steady_clock()};
};

TEST_F(DowntimeTest, HandsOnWhatTheSensorSays) {
    ports.open = {443, 22};
    EXPECT_EQ(downtime.listening({80, 443}).value(), Ports{443});
    ports.readable = false;
    EXPECT_FALSE(downtime.listening({80}));
}

TEST_F(DowntimeTest, CountsFromTheFirstPortSeenClosedUntilAllAreOpenAgain) {
    downtime.begin();
    look_after(0ms, {80, 443});
    look_after(100ms, {443});
    look_after(100ms, {});
    look_after(200ms, {80});
    look_after(300ms, {80, 443});
    look_after(500ms, {80, 443});
    EXPECT_EQ(downtime.closed(), 600ms);
}

TEST_F(DowntimeTest, AddsUpEveryTimeThePortsWereClosed) {
    downtime.begin();
    look_after(0ms, {});
    look_after(100ms, {80, 443});
    look_after(1s, {80});
    look_after(50ms, {80, 443});
    EXPECT_EQ(downtime.closed(), 150ms);
}

TEST_F(DowntimeTest, CountsOnWhileTheyAreClosedAndStopsAtTheEnd) {
    downtime.begin();
    look_after(0ms, {});
    time.passed += 2s;
    EXPECT_EQ(downtime.closed(), 2s);
    EXPECT_EQ(downtime.end(), 2s);
    time.passed += 5s;
    look_after(5s, {});
    EXPECT_EQ(downtime.end(), 0s);
}

TEST_F(DowntimeTest, CountsNothingBeforeItBeginsAndBeginsAtNothing) {
    look_after(0ms, {});
    look_after(1s, {});
    EXPECT_EQ(downtime.closed(), 0ms);
    downtime.begin();
    look_after(1s, {});
    look_after(1s, {80, 443});
    downtime.begin();
    EXPECT_EQ(downtime.closed(), 0ms);
}

TEST_F(DowntimeTest, IgnoresLooksThatSayNothing) {
    downtime.begin();
    ASSERT_TRUE(downtime.listening({}));
    ports.readable = false;
    EXPECT_FALSE(downtime.listening({80}));
    time.passed += 1s;
    EXPECT_EQ(downtime.closed(), 0ms);
}

}  // namespace
}  // namespace lanyard::drain
