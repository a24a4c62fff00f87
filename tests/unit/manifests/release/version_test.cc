#include "manifests/release/version.h"

#include <gtest/gtest.h>

#include <vector>

#include "manifests/release/errc.h"

namespace lanyard::release {
namespace {

// The lists of semver.org's FAQ: what its regular expression must and must not match.
std::vector<std::string> const kValid = {"0.0.4",
                                         "1.2.3",
                                         "10.20.30",
                                         "1.1.2-prerelease+meta",
                                         "1.1.2+meta",
                                         "1.1.2+meta-valid",
                                         "1.0.0-alpha",
                                         "1.0.0-beta",
                                         "1.0.0-alpha.beta",
                                         "1.0.0-alpha.beta.1",
                                         "1.0.0-alpha.1",
                                         "1.0.0-alpha0.valid",
                                         "1.0.0-alpha.0valid",
                                         "1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay",
                                         "1.0.0-rc.1+build.1",
                                         "2.0.0-rc.1+build.123",
                                         "1.2.3-beta",
                                         "10.2.3-DEV-SNAPSHOT",
                                         "1.2.3-SNAPSHOT-123",
                                         "1.0.0",
                                         "2.0.0",
                                         "1.1.7",
                                         "2.0.0+build.1848",
                                         "2.0.1-alpha.1227",
                                         "1.0.0-alpha+beta",
                                         "1.2.3----RC-SNAPSHOT.12.9.1--.12+788",
                                         "1.2.3----R-S.12.9.1--.12+meta",
                                         "1.2.3----RC-SNAPSHOT.12.9.1--.12",
                                         "1.0.0+0.build.1-rc.10000aaa-kk-0.1",
                                         "99999999999999999999999.999999999999999999.99999999999999999",
                                         "1.0.0-0A.is.legal"};

std::vector<std::string> const kInvalid = {
    "1", "1.2", "1.2.3-0123", "1.2.3-0123.0123", "1.1.2+.123", "+invalid", "-invalid", "-invalid+invalid",
    "-invalid.01", "alpha", "alpha.beta", "alpha.beta.1", "alpha.1", "alpha+beta", "alpha_beta", "alpha.", "alpha..",
    "beta", "1.0.0-alpha_beta", "-alpha.", "1.0.0-alpha..", "1.0.0-alpha..1", "1.0.0-alpha...1", "1.0.0-alpha....1",
    "1.0.0-alpha.....1", "1.0.0-alpha......1", "1.0.0-alpha.......1", "01.1.1", "1.01.1", "1.1.01", "1.2", "1.2.3.DEV",
    "1.2-SNAPSHOT", "1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788", "1.2-RC-SNAPSHOT", "-1.0.3-gamma+b7718", "+justmeta",
    "9.8.7+meta+meta", "9.8.7-whatever+meta+meta",
    "99999999999999999999999.999999999999999999.99999999999999999----RC-SNAPSHOT.12.09.1-------------------------------"
    "-"
    "..12",
    // Ours.
    "", "v1.0.0", " 1.0.0", "1.0.0 ", "1.0.0\n", "1.0.0-", "1.0.0+", "1..0", "1.0.0.", "\xd9\xa1.0.0",
    "1.0.0-caf\xc3\xa9"};

Version v(std::string const& text) { return Version::parse(text).value(); }

TEST(Version, AcceptsEveryValidExampleOfSemverOrg) {
    for (auto const& text : kValid) {
        auto const version = Version::parse(text);
        ASSERT_TRUE(version) << text << ": " << version.error().detail;
        EXPECT_EQ(version->text(), text);
    }
}

TEST(Version, RefusesEveryInvalidExampleOfSemverOrg) {
    for (auto const& text : kInvalid) {
        auto const version = Version::parse(text);
        ASSERT_FALSE(version) << text;
        EXPECT_EQ(version.error().code, Errc::malformed_version) << text;
        EXPECT_EQ(version.error().detail.find('\n'), std::string::npos);
    }
}

TEST(Version, RefusesMoreThan128Characters) {
    EXPECT_TRUE(Version::parse("1.0.0-" + std::string(122, 'a')));
    EXPECT_FALSE(Version::parse("1.0.0-" + std::string(123, 'a')));
}

// Sections 11.2 to 11.4.4, with numbers that overflow 32 and 64 bits in between.
TEST(Version, OrdersAsSection11Does) {
    std::vector<std::string> const ascending = {"0.9.9-9",
                                                "0.9.9",
                                                "1.0.0--",
                                                "1.0.0-alpha",
                                                "1.0.0-alpha.1",
                                                "1.0.0-alpha.beta",
                                                "1.0.0-beta",
                                                "1.0.0-beta.2",
                                                "1.0.0-beta.11",
                                                "1.0.0-beta.4294967297",
                                                "1.0.0-beta.18446744073709551617",
                                                "1.0.0-beta.a",
                                                "1.0.0-rc.1",
                                                "1.0.0",
                                                "2.0.0",
                                                "2.1.0",
                                                "2.1.1",
                                                "2.1.9",
                                                "2.1.10",
                                                "2.9.0",
                                                "2.10.0",
                                                "4294967296.0.0",
                                                "4294967297.0.0",
                                                "18446744073709551617.0.0"};
    for (std::size_t i = 0; i < ascending.size(); ++i) {
        for (std::size_t j = 0; j < ascending.size(); ++j) {
            EXPECT_EQ(v(ascending[i]) <=> v(ascending[j]), i <=> j) << ascending[i] << " and " << ascending[j];
        }
    }
}

TEST(Version, ComparesIdentifiersAsAsciiSoThatUpperCaseComesFirst) {
    EXPECT_LT(v("1.0.0-RC"), v("1.0.0-alpha"));
    EXPECT_LT(v("1.0.0-99"), v("1.0.0--1"));
}

TEST(Version, LeavesBuildMetadataOutOfTheOrder) {
    EXPECT_EQ(v("1.0.0+a"), v("1.0.0+b"));
    EXPECT_EQ(v("1.0.0+a-b"), v("1.0.0"));
    EXPECT_NE(v("1.0.0+a").text(), v("1.0.0+b").text());
}

TEST(Version, KnowsAPrereleaseByItsHyphenAndNotByOneInTheBuild) {
    EXPECT_TRUE(v("1.0.0-rc.1").is_prerelease());
    EXPECT_FALSE(v("1.0.0").is_prerelease());
    EXPECT_FALSE(v("1.0.0+20260101-nightly").is_prerelease());
}

}  // namespace
}  // namespace lanyard::release
