#include "seeder/announce/offers.h"

#include <gtest/gtest.h>

namespace lanyard::announce {
namespace {

class Asked final : public Releases {
public:
    int times = 0;

    std::uint64_t revision() override { return 1; }
    Result<std::optional<v1::AvailableRelease>> find_higher(v1::RunningApp const&, v1::Platform const&) override {
        ++times;
        return std::optional<v1::AvailableRelease>();
    }
};

v1::RunningApp running(std::string const& app, std::string const& channel) {
    v1::RunningApp running;
    running.set_app(app);
    running.set_channel(channel);
    running.set_version("1.0.0");
    return running;
}

TEST(OffersTest, KnowAQuestionAgainWhateverElseIsInTheMessage) {
    Asked releases;
    Offers offers(releases);
    v1::Platform machine;
    machine.set_os("linux");
    auto question = running("editor", "stable");
    EXPECT_TRUE(offers.find(question, machine));
    question.GetReflection()->MutableUnknownFields(&question)->AddLengthDelimited(99, std::string(1000, 'x'));
    machine.GetReflection()->MutableUnknownFields(&machine)->AddVarint(99, 7);
    EXPECT_TRUE(offers.find(question, machine));
    EXPECT_EQ(releases.times, 1);
}

TEST(OffersTest, TellQuestionsApartWhoseWordsRunIntoEachOther) {
    Asked releases;
    Offers offers(releases);
    EXPECT_TRUE(offers.find(running("ab", "c"), v1::Platform()));
    EXPECT_TRUE(offers.find(running("a", "bc"), v1::Platform()));
    EXPECT_EQ(releases.times, 2);
}

}  // namespace
}  // namespace lanyard::announce
