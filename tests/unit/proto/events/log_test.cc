#include "proto/events/log.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lanyard::events {
namespace {

std::string written(Level least, Event const& event) {
    testing::internal::CaptureStderr();
    Log log(least);
    log.tell(event);
    return testing::internal::GetCapturedStderr();
}

TEST(LogTest, WritesTimeLevelNameAndText) {
    auto line = written(Level::info, {Level::info, "node.ready", "all is well"});
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c >= '0' && c <= '9'; }, '0');
    EXPECT_EQ(line, "0000-00-00T00:00:00.000Z info    node.ready: all is well\n");
}

TEST(LogTest, ShowsControlCharactersSoThatNobodyCanForgeALine) {
    std::string const forged("a\n2026 info x\r\t\x1b[2J\x7f\0z", 22);
    auto const line = written(Level::info, {Level::warning, "fetch.refused", forged});
    EXPECT_TRUE(line.ends_with("fetch.refused: a?2026 info x???[2J??z\n")) << line;
}

TEST(LogTest, GivesATerminalNoOrdersInUtf8EitherAndTurnsNoTextRound) {
    auto const line = written(Level::info, {Level::warning, "fleet.pending",
                                            "a\xc2\x9b"
                                            "2Jb \xe2\x80\xae"
                                            "71-cp \x9bz"});
    EXPECT_TRUE(line.ends_with("fleet.pending: a?2Jb ?71-cp ?z\n")) << line;
}

TEST(LogTest, LeavesTextInOtherLanguagesAlone) {
    auto const line = written(Level::info, {Level::info, "x.y", "größer {} %s"});
    EXPECT_TRUE(line.ends_with("x.y: größer {} %s\n")) << line;
}

TEST(LogTest, LeavesOutWhatIsBelowItsLevel) {
    EXPECT_EQ(written(Level::warning, {Level::info, "x.y", "text"}), "");
    EXPECT_NE(written(Level::warning, {Level::error, "x.y", "text"}), "");
}

}  // namespace
}  // namespace lanyard::events
