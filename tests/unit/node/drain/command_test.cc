#include "node/drain/command.h"

#include <gtest/gtest.h>

namespace lanyard::drain {
namespace {

using namespace std::chrono_literals;

TEST(LastWords, AreOneLine) {
    EXPECT_EQ(last_words("first\r\n\tsecond \x1b[31mred\x7f\n", 100), "first second [31mred");
    EXPECT_EQ(last_words("\n\n", 100), "");
}

TEST(LastWords, AreTheEndOfALongText) { EXPECT_EQ(last_words("abcdefgh", 3), "fgh"); }

TEST(LastWords, NeverCutACharacterInTwo) {
    EXPECT_EQ(last_words("a\xc3\xa4\xc3\xb6", 3), "\xc3\xb6");
    EXPECT_EQ(last_words("a\xc3\xa4\xc3\xb6", 4), "\xc3\xa4\xc3\xb6");
}

TEST(LastWords, KeepUtf8AndNothingThatIsNot) {
    EXPECT_EQ(last_words("\xe2\x82\xac \xf0\x9f\x98\x80", 100), "\xe2\x82\xac \xf0\x9f\x98\x80");
    EXPECT_EQ(last_words("\xff"
                         "a\xc3",
                         100),
              "?a?");
    EXPECT_EQ(last_words("\xc0\xaf", 100), "??");            // overlong '/'
    EXPECT_EQ(last_words("\xed\xa0\x80", 100), "???");       // a surrogate
    EXPECT_EQ(last_words("\xe0\x80\xaf", 100), "???");       // overlong
    EXPECT_EQ(last_words("\xf4\x90\x80\x80", 100), "????");  // above U+10FFFF
}

TEST(LastWords, HoldNothingThatASeederRefusesInAReport) {
    EXPECT_EQ(last_words("a\xc2\x9b"
                         "2J b\xe2\x80\xae"
                         "c",
                         100),
              "a?2J b?c");
}

TEST(WordsFor, SayHowACommandEnded) {
    EXPECT_EQ(words_for(Ending{.exit_code = 3}, 30s), "ended with exit code 3");
    EXPECT_EQ(words_for(Ending{.exit_code = 3, .output = "no\n"}, 30s), "ended with exit code 3: no");
    EXPECT_EQ(words_for(Ending{.timed_out = true}, 30s), "did not end within 30 s");
}

}  // namespace
}  // namespace lanyard::drain
