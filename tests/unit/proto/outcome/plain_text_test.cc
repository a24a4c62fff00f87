#include "proto/outcome/plain_text.h"

#include <gtest/gtest.h>

namespace lanyard {
namespace {

TEST(PlainText, IsWhatPeopleWriteInTheirLanguages) {
    for (auto const* text : {"", "pc-17", "größer", "Жук 7", "東京", "\xf0\x9f\x90\x88", "{} %s \"'\\"}) {
        EXPECT_TRUE(is_plain(text)) << text;
        EXPECT_EQ(as_plain(text), text);
    }
}

TEST(PlainText, IsNothingThatATerminalObeys) {
    for (auto const* text : {"a\nb", "a\tb", "\x1b[2J", "\x7f", "\xc2\x9b\x32J", "\xc2\x85"}) {
        EXPECT_FALSE(is_plain(text)) << text;
    }
    EXPECT_EQ(as_plain("a\xc2\x9b\x32Jb"), "a?2Jb") << "CSI, as UTF-8 writes it";
    EXPECT_EQ(as_plain("a\x9b\x32Jb"), "a?2Jb") << "and as a terminal that is not set to UTF-8 reads it";
    EXPECT_EQ(as_plain(std::string_view("a\0b", 3)), "a?b");
}

TEST(PlainText, IsNothingThatTurnsOrHidesWhatStandsBesideIt) {
    for (auto const* text : {"pc-\xe2\x80\xae"
                             "71",
                             "a\xe2\x81\xa6z", "a\xe2\x80\x8f", "\xd8\x9cz", "pc\xe2\x80\x8b-1",
                             "a\xe2\x80\xa8"
                             "b",
                             "\xef\xbb\xbfpc", "pc\xc2\xad-1", "pc\xf3\xa0\x81\x81"}) {
        EXPECT_FALSE(is_plain(text)) << text;
    }
    EXPECT_EQ(as_plain("pc-\xe2\x80\xae"
                       "71"),
              "pc-?71");
}

TEST(PlainText, IsUtf8Only) {
    for (auto const* text : {"\xc3", "\xc3(", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xff"}) {
        EXPECT_FALSE(is_plain(text)) << text;
        EXPECT_FALSE(is_utf8(text)) << text;
        EXPECT_TRUE(is_plain(as_plain(text))) << text;
    }
    EXPECT_TRUE(is_utf8("a\n\x1b\xc3\xa4"));
}

}  // namespace
}  // namespace lanyard
