#include "manifests/package/names.h"

#include <gtest/gtest.h>

#include "manifests/package/errc.h"

namespace lanyard::package::names_test {
namespace {

struct Wrong {
    char const* name;
    std::string path;
    char const* word;  // of the sentence
};

std::ostream& operator<<(std::ostream& out, Wrong const& wrong) { return out << wrong.name; }

auto const kName = [](auto const& instance) { return std::string(instance.param.name); };

class RefusedPath : public testing::TestWithParam<Wrong> {};

TEST_P(RefusedPath, IsRefusedWithItsReason) {
    auto const path = checked_path(GetParam().path);
    ASSERT_FALSE(path) << *path;
    EXPECT_EQ(path.error().code, Errc::unsafe);
    EXPECT_NE(path.error().detail.find(GetParam().word), std::string::npos) << path.error().detail;
}

INSTANTIATE_TEST_SUITE_P(
    , RefusedPath,
    testing::Values(Wrong{"Empty", "", "empty"}, Wrong{"Absolute", "/etc/passwd", "absolute"},
                    Wrong{"TwoSlashesInFront", "//tmp/x", "absolute"}, Wrong{"DotDot", "../x", "\"..\""},
                    Wrong{"DotDotInside", "a/../../b", "\"..\""}, Wrong{"DotDotAtTheEnd", "a/..", "\"..\""},
                    Wrong{"DotInside", "a/./b", "\".\""}, Wrong{"DotTwice", "././a", "\".\""},
                    Wrong{"EmptyComponent", "a//b", "empty component"},
                    Wrong{"TwoSlashesBehind", "a//", "empty component"}, Wrong{"Backslash", "a\\b", "backslash"},
                    Wrong{"DriveLetter", "C:evil", "colon"}, Wrong{"Stream", "a.txt:hidden", "colon"},
                    Wrong{"Newline", "a\nb", "control"}, Wrong{"Nul", std::string("a\0b", 3), "control"},
                    Wrong{"Delete", "a\x7f", "control"}, Wrong{"C1Control", "a\xc2\x85", "control"},
                    Wrong{"NotUtf8", "a\xff", "UTF-8"}, Wrong{"CutOffUtf8", "a\xe2\x82", "UTF-8"},
                    Wrong{"OverlongSlash", "a\xc0\xaf", "UTF-8"}, Wrong{"OverlongThree", "a\xe0\x80\xaf", "UTF-8"},
                    Wrong{"Surrogate", "a\xed\xa0\x80", "UTF-8"}, Wrong{"BeyondUnicode", "a\xf4\x90\x80\x80", "UTF-8"},
                    Wrong{"ZeroWidth", "a\xe2\x80\x8b", "invisible"},
                    Wrong{"RightToLeft",
                          "a\xe2\x80\xae"
                          "gpj",
                          "invisible"},
                    Wrong{"Decomposed", "u\xcc\x88", "composed"}, Wrong{"Dash", "a/-rf", "dash"},
                    Wrong{"TrailingDot", "a./b", "dot or a space"}, Wrong{"TrailingSpace", "a ", "dot or a space"},
                    Wrong{"Device", "a/NUL", "Windows"}, Wrong{"DeviceWithExtension", "aux.txt", "Windows"},
                    Wrong{"DeviceWithSpace", "con .txt", "Windows"}, Wrong{"Port", "Com1", "Windows"},
                    Wrong{"SuperscriptPort", "lpt\xc2\xb2", "Windows"},
                    Wrong{"Component", std::string(256, 'x'), "255"},
                    Wrong{"LongPath", std::string(1000, 'x') + "/" + std::string(1000, 'y'), "1024"}),
    kName);

TEST(CheckedPath, KeepsWhatIsHarmless) {
    for (auto const* const path :
         {"a", "bin/tool", ".hidden", "a..b", "console", "com", "com10", "lpt", "nulls/x", "a-b",
          "Gr\xc3\xbc\xc3\x9f"
          "e",
          "\xe6\x97\xa5\xe6\x9c\xac", "a b", "x@2.0+b~1", "aux-1"}) {
        auto const checked = checked_path(path);
        ASSERT_TRUE(checked) << checked.error().detail;
        EXPECT_EQ(*checked, path);
    }
    EXPECT_TRUE(checked_path(std::string(255, 'x')));
}

TEST(CheckedPath, DropsALeadingDotAndATrailingSlash) {
    EXPECT_EQ(checked_path("./a/b/").value(), "a/b");
    EXPECT_EQ(checked_path("./").value(), "");
    EXPECT_EQ(checked_path(".").value(), "");
}

struct WrongLink {
    char const* name;
    char const* path;
    std::string target;
};

std::ostream& operator<<(std::ostream& out, WrongLink const& wrong) { return out << wrong.name; }

class RefusedLink : public testing::TestWithParam<WrongLink> {};

TEST_P(RefusedLink, IsRefused) {
    auto const checked = check_link(GetParam().path, GetParam().target);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, Errc::unsafe);
}

INSTANTIATE_TEST_SUITE_P(, RefusedLink,
                         testing::Values(WrongLink{"Absolute", "a", "/etc/passwd"}, WrongLink{"Empty", "a", ""},
                                         WrongLink{"OutOfTheRoot", "a", "../x"},
                                         WrongLink{"OutOfAFolder", "a/b", "../../x"},
                                         WrongLink{"OutAfterDot", "a/b", "./../.././x"},
                                         WrongLink{"ThroughAnotherLink", "d/e/f/m", "up/../x"},
                                         WrongLink{"Backslash", "a", "..\\x"}, WrongLink{"Drive", "a", "C:/x"},
                                         WrongLink{"Newline", "a", "x\ny"},
                                         WrongLink{"Long", "a", std::string(2000, 'x')}),
                         kName);

TEST(CheckLink, AllowsWhatStaysInside) {
    EXPECT_TRUE(check_link("lib/libx.so", "libx.so.1"));
    EXPECT_TRUE(check_link("bin/tool", "../lib/tool/run"));
    EXPECT_TRUE(check_link("a/b/c/up", "../../.."));
    EXPECT_TRUE(check_link("a", "./b/"));
}

TEST(CollisionKey, IsOneForWhatACaseInsensitiveDiskTakesForOne) {
    EXPECT_EQ(collision_key("README/A"), collision_key("readme/a"));
    EXPECT_EQ(collision_key("GR\xc3\x9c\xc3\x9e"), collision_key("gr\xc3\xbc\xc3\xbe"));
    EXPECT_EQ(collision_key("\xce\x91\xce\xa3"), collision_key("\xce\xb1\xcf\x82"));
    EXPECT_EQ(collision_key("\xd0\x96\xd0\x81"), collision_key("\xd0\xb6\xd1\x91"));
    EXPECT_EQ(collision_key("\xc5\xb9\xc4\x8c"), collision_key("\xc5\xba\xc4\x8d"));
    EXPECT_NE(collision_key("a"), collision_key("b"));
    EXPECT_NE(collision_key("\xc3\x97"), collision_key("\xc3\xb7"));
    EXPECT_EQ(collision_key("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
    for (auto const* without_capital : {"\xc4\xb8", "\xce\xa2"})
        EXPECT_EQ(collision_key(without_capital), without_capital);
}

TEST(Printable, ShowsBytesThatCouldDisturbATerminal) {
    EXPECT_EQ(printable("a\x1b[2J\xff"), "\"a\\x1b[2J\\xff\"");
    EXPECT_EQ(printable("\xe2\x80\xae"), "\"\\xe2\\x80\\xae\"");
    EXPECT_LT(printable(std::string(5000, 'x')).size(), 200u);
}

}  // namespace
}  // namespace lanyard::package::names_test
