#include "seeder/rollout/choose_release.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lanyard::rollout {
namespace {

catalogue::Candidate candidate(std::string const& version, std::string const& platform = "linux/amd64",
                               std::string const& channel = "stable", std::string const& app = "prometheus") {
    return {release::AppId::parse(app).value(), release::Version::parse(version).value(),
            release::Channel::parse(channel).value(), release::Platform::parse(platform).value(),
            version + " " + platform};
}

// The path of the choice, "nothing" when there is none.
std::string chosen(std::vector<catalogue::Candidate> const& candidates, std::string const& running,
                   std::string const& machine = "linux/amd64") {
    v1::RunningApp app;
    app.set_app("prometheus");
    app.set_channel("stable");
    app.set_version(running);
    auto const choice = choose_release(candidates, app, release::Platform::parse(machine).value());
    return choice ? choice->target_path : "nothing";
}

TEST(ChooseRelease, TakesTheHighestVersionWhateverTheOrder) {
    EXPECT_EQ(chosen({candidate("1.9.0"), candidate("1.10.0"), candidate("1.2.0")}, "1.2.0"), "1.10.0 linux/amd64");
}

TEST(ChooseRelease, OffersNothingToANodeThatHasTheHighest) {
    EXPECT_EQ(chosen({candidate("1.9.0"), candidate("1.10.0")}, "1.10.0"), "nothing");
    EXPECT_EQ(chosen({candidate("1.9.0")}, "2.0.0"), "nothing");
}

TEST(ChooseRelease, ANodeWithoutTheApplicationGetsTheHighest) {
    EXPECT_EQ(chosen({candidate("1.9.0"), candidate("1.10.0")}, ""), "1.10.0 linux/amd64");
}

TEST(ChooseRelease, AReleaseIsAboveItsPrereleases) {
    EXPECT_EQ(chosen({candidate("2.0.0-rc.1"), candidate("2.0.0")}, "2.0.0-rc.1"), "2.0.0 linux/amd64");
    EXPECT_EQ(chosen({candidate("2.0.0-rc.1")}, "2.0.0"), "nothing");
}

TEST(ChooseRelease, BuildMetadataMakesNothingNewer) { EXPECT_EQ(chosen({candidate("1.0.0+b")}, "1.0.0+a"), "nothing"); }

TEST(ChooseRelease, LeavesOutWhatIsForAnotherMachine) {
    EXPECT_EQ(chosen({candidate("2.0.0", "linux/arm64"), candidate("3.0.0", "windows/amd64"), candidate("1.5.0")}, ""),
              "1.5.0 linux/amd64");
}

TEST(ChooseRelease, LeavesOutOtherChannelsAndApplications) {
    EXPECT_EQ(
        chosen({candidate("2.0.0", "linux/amd64", "beta"), candidate("2.0.0", "linux/amd64", "stable", "grafana")},
               "1.0.0"),
        "nothing");
}

TEST(ChooseRelease, PrefersThePackageMadeForThisMachine) {
    std::vector<catalogue::Candidate> const all = {candidate("2.0.0", "any/any"), candidate("2.0.0", "linux/any"),
                                                   candidate("2.0.0", "linux/amd64"), candidate("2.0.0", "any/amd64")};
    EXPECT_EQ(chosen(all, "1.0.0"), "2.0.0 linux/amd64");
    EXPECT_EQ(chosen(all, "1.0.0", "linux/arm64"), "2.0.0 linux/any");
    EXPECT_EQ(chosen(all, "1.0.0", "windows/arm64"), "2.0.0 any/any");
}

TEST(ChooseRelease, AHigherVersionForAnyMachineWins) {
    EXPECT_EQ(chosen({candidate("2.0.0", "linux/amd64"), candidate("2.1.0", "any/any")}, "1.0.0"), "2.1.0 any/any");
}

TEST(ChooseRelease, OffersNothingForAVersionThatIsNone) {
    EXPECT_EQ(chosen({candidate("2.0.0")}, "yesterday's"), "nothing");
}

}  // namespace
}  // namespace lanyard::rollout
