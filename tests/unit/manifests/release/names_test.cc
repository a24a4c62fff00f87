#include "manifests/release/names.h"

#include <gtest/gtest.h>

#include "manifests/release/errc.h"
#include "manifests/release/in_quotes.h"

namespace lanyard::release {
namespace {

TEST(AppId, AcceptsWhatIsAFileNameEverywhere) {
    for (std::string const name : {"a", "0", "prometheus", "node_exporter", "libfoo-2.1", "7zip", "console", "com",
                                   "com10", "lpt", "nul-device"}) {
        auto const app = AppId::parse(name);
        ASSERT_TRUE(app) << name << ": " << app.error().detail;
        EXPECT_EQ(app->text(), name);
    }
    EXPECT_TRUE(AppId::parse(std::string(64, 'a')));
}

TEST(AppId, RefusesNamesThatWouldBeUnsafeOnSomePlatform) {
    using namespace std::string_literals;
    for (auto const& name : {""s,
                             "."s,
                             ".."s,
                             ".hidden"s,
                             "-rf"s,
                             "_x"s,
                             "a..b"s,
                             "a."s,
                             "a/b"s,
                             "a\\b"s,
                             "a b"s,
                             "a\0b"s,
                             "a\n"s,
                             "Upper"s,
                             "caf\xc3\xa9"s,
                             "%2e"s,
                             "c:"s,
                             "con"s,
                             "nul"s,
                             "aux.txt"s,
                             "prn"s,
                             "com1"s,
                             "com0"s,
                             "lpt9.log"s,
                             std::string(65, 'a'),
                             std::string(300, 'a')}) {
        auto const app = AppId::parse(name);
        ASSERT_FALSE(app) << name;
        EXPECT_EQ(app.error().code, Errc::malformed_name) << name;
        EXPECT_EQ(app.error().detail.find('\n'), std::string::npos);
    }
}

TEST(Channel, FollowsTheRulesOfAnApplicationName) {
    EXPECT_EQ(Channel::parse("stable").value().text(), "stable");
    EXPECT_EQ(Channel::parse("../beta").error().code, Errc::malformed_name);
}

TEST(Platform, ParsesOnlyKnownSystemsAndProcessors) {
    auto const platform = Platform::parse("linux/arm64");
    ASSERT_TRUE(platform);
    EXPECT_EQ(platform->os(), "linux");
    EXPECT_EQ(platform->arch(), "arm64");
    EXPECT_EQ(platform->text(), "linux/arm64");
    for (std::string const text : {"", "linux", "linux/", "/amd64", "linux/amd64/", "Linux/amd64", "linux/x86_64",
                                   "linux/amd64 ", "plan9/amd64"}) {
        auto const refused = Platform::parse(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, Errc::unknown_platform) << text;
    }
}

TEST(Platform, AnyOnThePackageSideFitsEveryMachine) {
    auto const machine = Platform::parse("linux/amd64").value();
    EXPECT_TRUE(Platform::parse("linux/amd64")->runs_on(machine));
    EXPECT_TRUE(Platform::parse("any/any")->runs_on(machine));
    EXPECT_TRUE(Platform::parse("linux/any")->runs_on(machine));
    EXPECT_FALSE(Platform::parse("windows/any")->runs_on(machine));
    EXPECT_FALSE(Platform::parse("linux/arm64")->runs_on(machine));
    EXPECT_FALSE(machine.runs_on(Platform::parse("any/any").value()));
}

TEST(Platform, HereIsAPlatformThatCanBeParsed) {
    auto const here = Platform::here();
    EXPECT_EQ(Platform::parse(here.text()).value(), here);
}

TEST(InQuotes, KeepsHostileTextOnOneShortLine) {
    EXPECT_EQ(in_quotes("plain"), "'plain'");
    EXPECT_EQ(in_quotes("a\n\x1b[31m\xff"), "'a\\x0a\\x1b[31m\\xff'");
    EXPECT_EQ(in_quotes(std::string(1000, 'x')), "'" + std::string(80, 'x') + "...'");
}

}  // namespace
}  // namespace lanyard::release
