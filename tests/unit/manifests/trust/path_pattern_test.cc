#include "manifests/trust/path_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace lanyard::trust::path_pattern_test {
namespace {

TEST(PathPattern, FitsWhatItSpellsOut) {
    EXPECT_TRUE(fits("shop/stable/1.0.0", "shop/stable/1.0.0"));
    EXPECT_FALSE(fits("shop/stable/1.0.0", "shop/stable/1.0.01"));
    EXPECT_FALSE(fits("shop/stable/1.0.0", "shop/stable/1x0.0"));
    EXPECT_FALSE(fits("shop", "Shop"));
    EXPECT_TRUE(fits("", ""));
    EXPECT_FALSE(fits("", "a"));
    EXPECT_FALSE(fits("a", ""));
}

TEST(PathPattern, StarsStandForAnyNumberOfCharactersOfOneSegment) {
    EXPECT_TRUE(fits("*", ""));
    EXPECT_TRUE(fits("*", "anything"));
    EXPECT_FALSE(fits("*", "a/b"));
    EXPECT_FALSE(fits("*", "/"));
    EXPECT_TRUE(fits("shop/*/*", "shop/stable/1.0.0"));
    EXPECT_FALSE(fits("shop/*", "shop/stable/1.0.0"));
    EXPECT_FALSE(fits("*/1.0.0", "shop/stable/1.0.0"));
    EXPECT_TRUE(fits("*.tar.*", "shop-1.0.0.tar.zst"));
    EXPECT_TRUE(fits("a*b*c", "aXbXbXc"));
    EXPECT_FALSE(fits("a*b*c", "aXbXbX"));
    EXPECT_TRUE(fits("**", "ab"));
    EXPECT_FALSE(fits("**", "a/b"));
    EXPECT_TRUE(fits("*a/*b", "aa/bb"));
    EXPECT_FALSE(fits("*a/*b", "aa/ba"));
    EXPECT_FALSE(fits("*a/*b", "ab/bb"));
}

TEST(PathPattern, AQuestionMarkStandsForOneCharacterOfASegment) {
    EXPECT_TRUE(fits("a?c", "abc"));
    EXPECT_FALSE(fits("a?c", "ac"));
    EXPECT_FALSE(fits("a?c", "abbc"));
    EXPECT_FALSE(fits("a?c", "a/c"));
    EXPECT_TRUE(fits("*?", "ab"));
    EXPECT_FALSE(fits("*?", ""));
}

TEST(PathPattern, KnowsNoOtherSigns) {
    EXPECT_FALSE(fits("[ab]", "a"));
    EXPECT_TRUE(fits("[ab]", "[ab]"));
    EXPECT_FALSE(fits("{a,b}", "a"));
    EXPECT_FALSE(fits("\\*", "*x"));
    EXPECT_FALSE(fits(".", "a"));
}

// The pattern that takes an exponential time in a matcher that tries every star anew.
TEST(PathPattern, IsJudgedInAProductOfTheLengths) {
    std::string pattern;
    for (int i = 0; i < 100; ++i) pattern += "a*";
    EXPECT_FALSE(fits(pattern + "b", std::string(1000, 'a')));
    EXPECT_TRUE(fits(pattern, std::string(1000, 'a')));
}

}  // namespace
}  // namespace lanyard::trust::path_pattern_test
