#include "node/fetch/announce_plan.h"

#include <gtest/gtest.h>

namespace lanyard::fetch {
namespace {

using namespace std::chrono_literals;

SwarmStanding standing(bool complete, std::uint32_t peers, std::chrono::seconds asked, unsigned failures = 0) {
    return {complete, peers, asked, failures};
}

TEST(AnnouncePlan, ANodeWithoutPeersAsksEverySecondOrTwoWhateverTheTrackerSays) {
    EXPECT_EQ(next_announce(standing(false, 0, 600s), 0.0), 1s);
    EXPECT_EQ(next_announce(standing(false, 0, 600s), 0.5), 1500ms);
}

TEST(AnnouncePlan, ANodeThatDownloadsFollowsTheTrackerWithinFifteenSeconds) {
    EXPECT_EQ(next_announce(standing(false, 3, 5s), 0.5), 5s);
    EXPECT_EQ(next_announce(standing(false, 3, 600s), 0.5), 15s);
    EXPECT_EQ(next_announce(standing(false, 3, 0s), 0.5), 1s);
}

TEST(AnnouncePlan, ANodeThatOnlySharesFollowsTheTrackerWithinAnHour) {
    EXPECT_EQ(next_announce(standing(true, 0, 600s), 0.5), 600s);
    EXPECT_EQ(next_announce(standing(true, 0, 24h), 0.5), 1h);
    EXPECT_EQ(next_announce(standing(true, 0, -5s), 0.5), 1s);
}

TEST(AnnouncePlan, BacksOffFromAFailingTrackerUpToTheCeiling) {
    EXPECT_EQ(next_announce(standing(false, 2, 0s, 1), 0.0), 500ms);
    EXPECT_LT(next_announce(standing(false, 2, 0s, 1), 0.999), 1s);
    EXPECT_EQ(next_announce(standing(false, 2, 0s, 4), 0.0), 4s);
    EXPECT_EQ(next_announce(standing(false, 2, 0s, 6), 0.0), 15s);
    EXPECT_EQ(next_announce(standing(false, 0, 0s, 4'000'000'000), 0.0), 15s);
    EXPECT_EQ(next_announce(standing(true, 0, 0s, 30), 0.0), 5min);
}

}  // namespace
}  // namespace lanyard::fetch
