#include "node/check/judge.h"

#include <gtest/gtest.h>

#include "node/check/errc.h"
#include "tests/support/sample_target.h"

namespace lanyard::check::judge_test {
namespace {

using support::sample_target;

class JudgeTest : public testing::Test {
protected:
    Result<Offer> judge_this(release::Target const& target) { return judge(target, app, installed, machine); }

    void expect_held_back(release::Target const& target, std::string const& word) {
        auto const offer = judge_this(target);
        ASSERT_FALSE(offer);
        EXPECT_EQ(offer.error().code, Errc::held_back);
        EXPECT_NE(offer.error().detail.find(word), std::string::npos) << offer.error().detail;
    }

    ManagedApp app{*release::AppId::parse("shop"), *release::Channel::parse("stable"), "/opt/shop"};
    Installed installed{sample_target("shop", "1.0.0", 4), 4};
    Machine machine{*release::Platform::parse("linux/amd64")};
};

TEST_F(JudgeTest, TakesAHigherVersion) {
    auto const offer = judge_this(sample_target("shop", "1.1.0", 5));
    ASSERT_TRUE(offer) << offer.error().detail;
    EXPECT_EQ(offer->target.version.text(), "1.1.0");
    EXPECT_EQ(offer->running->version.text(), "1.0.0");
    EXPECT_EQ(offer->home, "/opt/shop");
}

TEST_F(JudgeTest, TakesAnyVersionWhenNothingIsInstalled) {
    installed = Installed{};
    EXPECT_TRUE(judge_this(sample_target("shop", "0.0.1-alpha", 1)));
}

TEST_F(JudgeTest, HoldsBackAnotherApplication) {
    expect_held_back(sample_target("mail", "2.0.0", 9), "wrong software");
}

TEST_F(JudgeTest, HoldsBackTheSameVersion) { expect_held_back(sample_target("shop", "1.0.0", 5), "not higher"); }

TEST_F(JudgeTest, HoldsBackALowerVersionWithAHigherCounter) {
    expect_held_back(sample_target("shop", "0.9.0", 9), "not higher");
}

TEST_F(JudgeTest, HoldsBackAnOldCounterUnderAHigherVersion) {
    expect_held_back(sample_target("shop", "2.0.0", 4), "rollback");
}

TEST_F(JudgeTest, HoldsBackAnotherChannel) {
    app.channel = *release::Channel::parse("beta");
    expect_held_back(sample_target("shop", "2.0.0", 9), "channel");
}

TEST_F(JudgeTest, HoldsBackAnotherPlatform) {
    machine = {*release::Platform::parse("linux/arm64"), {}};
    expect_held_back(sample_target("shop", "2.0.0", 9), "linux/arm64");
}

release::Target sample_of(std::string const& version, std::uint64_t counter, release::PackageType type) {
    auto message = support::sample_message("shop", version, counter);
    message.set_type(release::type_to_proto(type));
    message.set_path("shop/stable/" + version + "/linux-amd64/shop-" + version + "." +
                     std::string(release::extensions_of(type).front()));
    return sample_target(message);
}

TEST_F(JudgeTest, HoldsBackATypeThatThisMachineCannotInstallAndSaysWhy) {
    installed = Installed{};
    machine.cannot = {{release::PackageType::rpm, "it has no rpm"}};
    expect_held_back(sample_of("2.0.0", 9, release::PackageType::rpm), "it has no rpm");
    EXPECT_TRUE(judge_this(sample_of("2.0.0", 9, release::PackageType::deb)));
}

// Neither could be put in the other's place, and both would be installed.
TEST_F(JudgeTest, HoldsBackAnotherKindOfPackageThanWhatIsInstalled) {
    expect_held_back(sample_of("2.0.0", 9, release::PackageType::deb), "installed as tree");
    EXPECT_TRUE(judge_this(sample_of("2.0.0", 9, release::PackageType::plugin)));
    installed.running = sample_of("1.0.0", 4, release::PackageType::deb);
    EXPECT_TRUE(judge_this(sample_of("2.0.0", 9, release::PackageType::deb)));
    expect_held_back(sample_of("2.0.0", 9, release::PackageType::rpm), "installed as deb");
    expect_held_back(sample_of("2.0.0", 9, release::PackageType::file), "installed as deb");
}

}  // namespace
}  // namespace lanyard::check::judge_test
