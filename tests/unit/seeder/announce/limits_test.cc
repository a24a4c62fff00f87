#include <gtest/gtest.h>

#include "seeder/announce/front.h"

namespace lanyard::announce {
namespace {

TEST(LimitsTest, LeaveFilesForOthersAndConnectionsForOtherAddresses) {
    auto const usual = limits_for(1024);
    EXPECT_EQ(usual.connections, 768u);
    EXPECT_EQ(usual.connections_per_address, 76u);
    EXPECT_EQ(usual.connections_per_shared_address, 384u);
    EXPECT_EQ(limits_for(8192).connections, 6144u);
}

TEST(LimitsTest, AreNeverAboveThoseOfTheServer) {
    auto const many = limits_for(1'048'576);
    EXPECT_EQ(many.connections, http::ServerLimits().connections);
    EXPECT_EQ(many.connections_per_address, http::ServerLimits().connections_per_address);
}

TEST(LimitsTest, LetSomebodyInHoweverFewFilesThereAre) {
    EXPECT_EQ(limits_for(0).connections, 64u);
    EXPECT_EQ(limits_for(400).connections, 144u);
    EXPECT_EQ(limits_for(400).connections_per_address, 64u);
    EXPECT_EQ(limits_for(0).connections_per_shared_address, 64u);
}

}  // namespace
}  // namespace lanyard::announce
