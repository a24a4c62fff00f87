#include "proto/async/paced.h"

#include <gtest/gtest.h>

#include "tests/support/fake_time.h"

namespace lanyard::async {
namespace {

using namespace std::chrono_literals;

class PacedTest : public testing::Test {
protected:
    asio::io_context io;
    support::FakeTime time;
    std::vector<std::chrono::milliseconds> told;
    Paced paced{io, time, 250ms, [this] { told.push_back(time.passed); }};
};

TEST_F(PacedTest, PassesOneRingOnAtOnce) {
    paced.ring();
    io.run();
    EXPECT_EQ(told, std::vector<std::chrono::milliseconds>{0ms});
    paced.ring();
    io.restart();
    io.run();
    EXPECT_EQ(told.size(), 2u) << "the pause was over";
}

TEST_F(PacedTest, PassesManyRingsOnAsOneEachPauseAndNeverLosesTheLast) {
    int pauses = 0;
    time.on_sleep = [&] {
        if (++pauses > 3) return;
        for (int i = 0; i < 1000; ++i) paced.ring();
    };
    for (int i = 0; i < 1000; ++i) paced.ring();
    io.run();
    EXPECT_EQ(told, (std::vector<std::chrono::milliseconds>{0ms, 250ms, 500ms, 750ms}));
}

}  // namespace
}  // namespace lanyard::async
