#include "proto/http/rate_limiter.h"

#include <gtest/gtest.h>

namespace lanyard::http {
namespace {

using namespace std::chrono_literals;

class RateLimiterTest : public testing::Test {
protected:
    int allowed(std::string const& address, int asked) {
        int count = 0;
        for (int i = 0; i < asked; ++i) count += limiter.allow(address, now) ? 1 : 0;
        return count;
    }

    RateLimiter limiter{RateLimit{10, 20, 3}};
    RateLimiter::Time now{1000s};
};

TEST_F(RateLimiterTest, AllowsABurstAndThenTheRate) {
    EXPECT_EQ(allowed("10.0.0.1", 100), 20);
    now += 1s;
    EXPECT_EQ(allowed("10.0.0.1", 100), 10);
    now += 50ms;
    EXPECT_EQ(allowed("10.0.0.1", 100), 0);
    now += 50ms;
    EXPECT_EQ(allowed("10.0.0.1", 100), 1);
    now += 1h;
    EXPECT_EQ(allowed("10.0.0.1", 100), 20) << "silence saves up no more than one burst";
}

TEST_F(RateLimiterTest, AllowsAnAddressOfManyMachinesSoManyTimesTheRate) {
    int allowed_now = 0;
    for (int i = 0; i < 1000; ++i) allowed_now += limiter.allow("10.0.0.1", now, 5) ? 1 : 0;
    EXPECT_EQ(allowed_now, 100);
    now += 1s;
    for (int i = 0; i < 1000; ++i) allowed_now += limiter.allow("10.0.0.1", now, 5) ? 1 : 0;
    EXPECT_EQ(allowed_now, 150);
}

TEST_F(RateLimiterTest, CountsAddressesApart) {
    EXPECT_EQ(allowed("10.0.0.1", 100), 20);
    EXPECT_EQ(allowed("10.0.0.2", 100), 20);
}

TEST_F(RateLimiterTest, CountsANetworkOfIPv6AsOne) {
    EXPECT_EQ(allowed("fd00::1", 100), 20);
    EXPECT_EQ(allowed("fd00::2:3", 100), 0);
    EXPECT_EQ(allowed("fd00:0:0:1::1", 100), 20);
}

TEST_F(RateLimiterTest, LetsAddressesThatItHasNoRoomForShareABucket) {
    for (auto const* address : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) EXPECT_EQ(allowed(address, 1), 1);
    EXPECT_EQ(allowed("10.0.0.4", 15), 15);
    EXPECT_EQ(allowed("10.0.0.5", 15), 5);
    EXPECT_EQ(allowed("10.0.0.1", 15), 15) << "those it knows are not touched";
}

TEST_F(RateLimiterTest, ForgetsSilentAddressesForNewOnes) {
    for (auto const* address : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) EXPECT_EQ(allowed(address, 20), 20);
    now += 2s;
    EXPECT_EQ(allowed("10.0.0.4", 30), 20);
    EXPECT_EQ(allowed("10.0.0.5", 30), 20);
}

}  // namespace
}  // namespace lanyard::http
