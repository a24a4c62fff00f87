#include "node/fetch/stall_watch.h"

#include <gtest/gtest.h>

#include <vector>

namespace lanyard::fetch {
namespace {

using namespace std::chrono_literals;

class StallWatchTest : public testing::Test {
protected:
    // One look after `time`.
    bool look(std::chrono::seconds time, std::uint64_t received) {
        now += time;
        return watch.look(received, now);
    }

    StallWatch::Time now{};
    StallWatch watch{now};
};

TEST_F(StallWatchTest, BeginsAnewWhenNothingHasComeForTwoMinutes) {
    EXPECT_FALSE(look(119s, 0));
    EXPECT_TRUE(look(1s, 0));
    EXPECT_EQ(watch.idle(now), 120s);
}

TEST_F(StallWatchTest, CountsFromTheLastByte) {
    EXPECT_FALSE(look(119s, 1));
    EXPECT_FALSE(look(119s, 1));
    EXPECT_EQ(watch.idle(now), 119s);
    EXPECT_TRUE(look(1s, 1));
}

TEST_F(StallWatchTest, TriesLessAndLessOftenUpToEveryHalfHour) {
    std::vector<std::chrono::minutes> waits;
    for (std::chrono::minutes wait{0}; waits.size() < 6;) {
        ++wait;
        if (!look(1min, 0)) continue;
        waits.push_back(wait);
        wait = 0min;
    }
    EXPECT_EQ(waits, (std::vector<std::chrono::minutes>{2min, 4min, 8min, 16min, 30min, 30min}));
}

TEST_F(StallWatchTest, IsPatientAnewWhenSomethingHasCome) {
    EXPECT_FALSE(look(1s, 5));
    EXPECT_TRUE(look(2min, 5));
    EXPECT_FALSE(look(1s, 3));
    EXPECT_FALSE(look(119s, 3));
    EXPECT_TRUE(look(1s, 3));
}

TEST_F(StallWatchTest, DoesNotCountTheTimeInWhichTheDiskIsRead) {
    now += 1h;
    watch.hold(now);
    EXPECT_FALSE(look(119s, 0));
    EXPECT_TRUE(look(1s, 0));
}

}  // namespace
}  // namespace lanyard::fetch
