#include "seeder/console/init_keys.h"

#include <gtest/gtest.h>

namespace lanyard::console::init_keys_test {
namespace {

InitOptions offline(std::vector<std::string> thresholds) {
    InitOptions options;
    options.offline_root = true;
    options.offline_targets = true;
    options.thresholds = std::move(thresholds);
    return options;
}

std::string plan_of(InitOptions const& options) {
    auto const plans = plan_keys(options);
    if (!plans) return "refused";
    std::string text;
    for (auto const& plan : *plans) {
        text += std::string(trust::text(plan.role)) + (plan.offline ? "*" : "") + " " + std::to_string(plan.threshold) +
                "/" + std::to_string(plan.count) + " ";
    }
    return text;
}

TEST(InitKeys, AreOneARoleUnlessSomebodyAsksForMore) {
    EXPECT_EQ(plan_of({}), "root 1/1 targets 1/1 snapshot 1/1 timestamp 1/1 ");
    EXPECT_EQ(plan_of(offline({})), "root* 1/1 targets* 1/1 snapshot 1/1 timestamp 1/1 ");
}

TEST(InitKeys, AThresholdIsForWhatIsOfflineOrForTheRoleItNames) {
    EXPECT_EQ(plan_of(offline({"2/3"})), "root* 2/3 targets* 2/3 snapshot 1/1 timestamp 1/1 ");
    EXPECT_EQ(plan_of(offline({"2/3", "targets=1/2"})), "root* 2/3 targets* 1/2 snapshot 1/1 timestamp 1/1 ");
    InitOptions here;
    here.thresholds = {"root=3/5"};
    EXPECT_EQ(plan_of(here), "root 3/5 targets 1/1 snapshot 1/1 timestamp 1/1 ");
    here.thresholds = {"2/3"};
    EXPECT_EQ(plan_of(here), "refused") << "nothing is offline";
}

TEST(InitKeys, ThresholdsThatNobodyCouldMeetAreRefused) {
    for (auto const* bad : {"", "2", "2/", "/3", "0/1", "3/2", "2/3/4", "2/101", "-1/2", "root=", "root=4/3",
                            "snapshot=1/2", "somebody=1/2", "2/3 "}) {
        EXPECT_EQ(plan_of(offline({bad})), "refused") << bad;
    }
}

TEST(InitKeys, HandedInKeysNeedAThresholdThatFitsTheirNumber) {
    InitOptions options;
    options.root_keys = {"a.pub"};
    EXPECT_EQ(plan_of(options), "root 1/1 targets 1/1 snapshot 1/1 timestamp 1/1 ");
    options.root_keys = {"a.pub", "b.pub", "c.pub"};
    EXPECT_EQ(plan_of(options), "refused");
    options.thresholds = {"2/2"};
    EXPECT_EQ(plan_of(options), "refused");
    options.thresholds = {"root=2/3"};
    EXPECT_EQ(plan_of(options), "root 2/3 targets 1/1 snapshot 1/1 timestamp 1/1 ");
}

TEST(InitKeys, AreMadeBesideTheStateDirectory) {
    EXPECT_EQ(key_directory(StateDir("/var/lib/seeder"), {}), "/var/lib/seeder-keys");
    EXPECT_EQ(key_directory(StateDir("./seeder/"), {}), "./seeder-keys");
}

}  // namespace
}  // namespace lanyard::console::init_keys_test
