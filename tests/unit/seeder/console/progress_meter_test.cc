#include "seeder/console/progress_meter.h"

#include <gtest/gtest.h>

#include <sstream>

namespace lanyard::console::progress_meter_test {
namespace {

class ProgressMeterTest : public testing::Test {
protected:
    std::string told(bool on_terminal) {
        Terminal terminal{out_, err_, on_terminal};
        {
            ProgressMeter meter(terminal, [this] { return now_; });
            meter.tell("packing", 0, 1000);
            meter.tell("packing", 500, 1000);
            now_ += std::chrono::seconds(2);
            for (std::uint64_t done = 500; done <= 1000; done += 10) meter.tell("packing", done, 1000);
            meter.tell("hashing", 1000, 1000);
        }
        EXPECT_EQ(out_.str(), "");
        return err_.str();
    }

    std::ostringstream out_;
    std::ostringstream err_;
    std::chrono::steady_clock::time_point now_{};
};

TEST_F(ProgressMeterTest, TellsALineForEveryTenPercent) {
    EXPECT_EQ(told(false),
              "packing 50 %\npacking 60 %\npacking 70 %\npacking 80 %\npacking 90 %\npacking 100 %\nhashing 100 %\n");
}

TEST_F(ProgressMeterTest, OverwritesItsLineOnATerminal) {
    auto const text = told(true);
    EXPECT_EQ(text.substr(0, 30), "\rpacking   50 %\rpacking   51 %");
    EXPECT_EQ(text.substr(text.size() - 16), "\rhashing  100 %\n");
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST_F(ProgressMeterTest, SaysNothingAboutWhatIsOverInASecond) {
    Terminal terminal{out_, err_, true};
    {
        ProgressMeter(terminal, [this] { return now_; }).tell("packing", 1000, 1000);
    }
    EXPECT_EQ(err_.str(), "");
}

}  // namespace
}  // namespace lanyard::console::progress_meter_test
