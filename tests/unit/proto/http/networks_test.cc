#include "proto/http/networks.h"

#include <gtest/gtest.h>

#include "proto/http/errc.h"

namespace lanyard::http {
namespace {

TEST(NetworksTest, ContainTheAddressesOfEach) {
    auto const networks = Networks::parse({"192.0.2.7", "10.8.0.0/13", "fd00:1::/32", "::1"});
    ASSERT_TRUE(networks) << networks.error().detail;
    for (auto const* inside : {"192.0.2.7", "10.8.0.0", "10.15.255.255", "fd00:1:ffff::1", "::1"}) {
        EXPECT_TRUE(networks->contain(inside)) << inside;
    }
    for (auto const* outside : {"192.0.2.8", "10.7.255.255", "10.16.0.0", "fd00:2::1", "::2", "", "pc-7"}) {
        EXPECT_FALSE(networks->contain(outside)) << outside;
    }
    EXPECT_FALSE(Networks().contain("192.0.2.7"));
}

TEST(NetworksTest, NameTheOneThatIsWrong) {
    for (auto const* wrong : {"", "10.0.0.0/33", "10.0.0", "pc-7", "fd00::/129", "10.0.0.0/", "10.0.0.0/8/8"}) {
        auto const networks = Networks::parse({"10.0.0.0/8", wrong});
        ASSERT_FALSE(networks) << wrong;
        EXPECT_EQ(networks.error().code, Errc::malformed_network);
        EXPECT_EQ(networks.error().detail.find("'" + std::string(wrong) + "'"), 0u) << networks.error().detail;
    }
}

TEST(NeighbourhoodTest, IsAnAddressOfIPv4AndTheFirstHalfOfOneOfIPv6) {
    EXPECT_EQ(neighbourhood_of("192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(neighbourhood_of("fd00:0:0:7:1:2:3:4"), neighbourhood_of("fd00:0:0:7::9"));
    EXPECT_NE(neighbourhood_of("fd00:0:0:7::9"), neighbourhood_of("fd00:0:0:8::9"));
    EXPECT_EQ(neighbourhood_of("fd00:0:0:7::9"), neighbourhood_of(neighbourhood_of("fd00:0:0:7::9")));
    EXPECT_EQ(neighbourhood_of(""), "") << "a local caller has none";
}

}  // namespace
}  // namespace lanyard::http
