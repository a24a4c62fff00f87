#include "node/update/app_loop.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/sample_target.h"

namespace lanyard::update {
namespace {

using namespace std::chrono_literals;
using support::sample_target;

check::Offer offer_of(std::string const& version, std::uint64_t counter) {
    return {sample_target("shop", version, counter), std::nullopt, "/opt/shop"};
}

// Each walk waits until the test ends it.
class HeldWalker final : public Walker {
public:
    explicit HeldWalker(asio::io_context& io) : bell_(io) {}

    asio::awaitable<Ended> walk(check::Offer offer) override { return held("walk " + offer.target.version.text()); }
    asio::awaitable<Ended> resume(journal::Attempt attempt) override {
        return held("resume " + attempt.offer.target.version.text());
    }
    asio::awaitable<Ended> walk_back(check::Offer offer) override {
        return held("back " + offer.target.version.text());
    }
    void abandon(std::string why) override { abandoned.push_back(why); }
    bool recall(std::string why) override {
        if (on_trial) recalled.push_back(why);
        return on_trial;
    }
    void stop() override { end(Ended::interrupted); }

    void end(Ended ended) {
        ended_ = ended;
        bell_.ring();
    }

    std::vector<std::string> walked;
    std::vector<std::string> abandoned;
    std::vector<std::string> recalled;
    bool on_trial = false;

private:
    asio::awaitable<Ended> held(std::string what) {
        walked.push_back(what);
        co_await bell_.wait(1h);
        co_return ended_;
    }

    async::Bell bell_;
    Ended ended_ = Ended::failed;
};

class AppLoopTest : public testing::Test {
protected:
    void start(std::optional<journal::Attempt> unfinished = std::nullopt) {
        auto running = loop.run(std::move(unfinished));
        asio::co_spawn(io, std::move(running), asio::detached);
        settle();
    }
    void settle() {
        io.restart();
        while (io.poll() > 0) {
        }
    }
    void offer(std::string const& version, std::uint64_t counter) {
        loop.offer(offer_of(version, counter));
        settle();
    }
    void end(Ended ended) {
        walker.end(ended);
        settle();
    }
    // The clock moves and whoever waits looks at it.
    void pass(std::chrono::seconds time) {
        now += time;
        bell.ring();
        settle();
    }
    ~AppLoopTest() override {
        loop.stop();
        settle();
    }

    asio::io_context io;
    HeldWalker walker{io};
    async::Bell bell{io};
    std::chrono::steady_clock::time_point now{};
    std::vector<Ended> ends;
    PastFailures past;
    AppLoop loop{walker,
                 bell,
                 [this] { return now; },
                 RetryTimes{60s, 150s},
                 [this](Ended ended) { ends.push_back(ended); },
                 [this](auto const&) { return past; }};
};

using Words = std::vector<std::string>;

TEST_F(AppLoopTest, WalksAnOfferOnce) {
    start();
    offer("1.1.0", 1);
    EXPECT_TRUE(loop.busy());
    end(Ended::committed);
    EXPECT_EQ(walker.walked, Words{"walk 1.1.0"});
    EXPECT_EQ(ends, std::vector<Ended>{Ended::committed});
    EXPECT_FALSE(loop.busy());
}

TEST_F(AppLoopTest, ResumesTheUnfinishedAttemptFirst) {
    journal::Attempt attempt{"id", offer_of("1.1.0", 1), journal::Phase::stage};
    start(attempt);
    offer("1.1.0", 1);
    EXPECT_EQ(walker.walked, Words{"resume 1.1.0"});
    end(Ended::committed);
    EXPECT_EQ(walker.walked, Words{"resume 1.1.0"});
}

TEST_F(AppLoopTest, TriesAFailureAgainLaterAndLater) {
    start();
    offer("1.1.0", 1);
    end(Ended::failed);
    pass(59s);
    EXPECT_EQ(walker.walked.size(), 1u);
    pass(1s);
    EXPECT_EQ(walker.walked.size(), 2u);
    end(Ended::failed);
    pass(119s);
    EXPECT_EQ(walker.walked.size(), 2u);
    pass(1s);
    EXPECT_EQ(walker.walked.size(), 3u);
    end(Ended::failed);
    pass(150s);
    EXPECT_EQ(walker.walked.size(), 4u);
}

TEST_F(AppLoopTest, DoesNotForgetTheWaitWhenTheSameReleaseIsOfferedAgain) {
    start();
    offer("1.1.0", 1);
    end(Ended::failed);
    offer("1.1.0", 1);
    EXPECT_EQ(walker.walked.size(), 1u);
}

TEST_F(AppLoopTest, TriesAChangedReleaseAtOnce) {
    start();
    offer("1.1.0", 1);
    end(Ended::failed);
    offer("1.2.0", 2);
    EXPECT_EQ(walker.walked, (Words{"walk 1.1.0", "walk 1.2.0"}));
}

TEST_F(AppLoopTest, GoesOnWithTheWaitThatTheJournalRemembers) {
    past = {.count = 2, .since_last = 50s};
    start();
    offer("1.1.0", 1);
    EXPECT_TRUE(walker.walked.empty());
    EXPECT_FALSE(loop.busy());
    pass(69s);
    EXPECT_TRUE(walker.walked.empty());
    pass(1s);
    EXPECT_EQ(walker.walked.size(), 1u);
    end(Ended::failed);
    pass(149s);
    EXPECT_EQ(walker.walked.size(), 1u);
    pass(1s);
    EXPECT_EQ(walker.walked.size(), 2u);
}

TEST_F(AppLoopTest, WaitsNoLongerThanTheBackOffWhateverTheClocksHaveDone) {
    past = {.count = 20, .since_last = -1h};
    start();
    offer("1.1.0", 1);
    pass(149s);
    EXPECT_TRUE(walker.walked.empty());
    pass(1s);
    EXPECT_EQ(walker.walked.size(), 1u);
    end(Ended::committed);
    past = {.count = 1, .since_last = 24h};
    offer("1.2.0", 2);
    EXPECT_EQ(walker.walked.size(), 2u);
}

TEST_F(AppLoopTest, TriesAtOnceWhenAPersonAsks) {
    start();
    offer("1.1.0", 1);
    end(Ended::failed);
    loop.hurry();
    settle();
    EXPECT_EQ(walker.walked.size(), 2u);
}

TEST_F(AppLoopTest, PutsANewerReleaseInPlaceOfTheOneUnderWay) {
    start();
    offer("1.1.0", 1);
    offer("1.2.0", 2);
    EXPECT_EQ(walker.abandoned, Words{"superseded by 1.2.0"});
    end(Ended::failed);
    EXPECT_EQ(walker.walked, (Words{"walk 1.1.0", "walk 1.2.0"}));
}

TEST_F(AppLoopTest, DropsWhatIsNoLongerOnOffer) {
    start();
    offer("1.1.0", 1);
    loop.nothing_on_offer();
    EXPECT_EQ(walker.abandoned.size(), 1u);
    end(Ended::failed);
    pass(1h);
    EXPECT_EQ(walker.walked.size(), 1u);
}

TEST_F(AppLoopTest, JudgesANewerOfferAgainAfterACommit) {
    start();
    offer("1.1.0", 1);
    offer("1.2.0", 2);
    end(Ended::committed);  // too late to abandon; the waiting offer still names the old running release
    EXPECT_EQ(walker.walked, Words{"walk 1.1.0"});
    EXPECT_EQ(ends.size(), 1u);
}

TEST_F(AppLoopTest, GoesBackWhenAsked) {
    start();
    loop.roll_back(offer_of("1.1.0", 1));
    settle();
    EXPECT_EQ(walker.walked, Words{"back 1.1.0"});
    end(Ended::rolled_back);
    EXPECT_FALSE(loop.busy());
}

TEST_F(AppLoopTest, EndsATrialWhenAPersonAsksForThePreviousReleaseAndGoesBackOnce) {
    start();
    EXPECT_FALSE(loop.recall());
    offer("1.1.0", 1);
    EXPECT_FALSE(loop.recall()) << "nobody is disturbed yet";
    walker.on_trial = true;
    EXPECT_TRUE(loop.recall());
    EXPECT_EQ(walker.recalled, Words{"a person asked for the previous release"});
    end(Ended::rolled_back);
    EXPECT_EQ(walker.walked, Words{"walk 1.1.0"});
    EXPECT_FALSE(loop.busy());
}

TEST_F(AppLoopTest, DropsAnOrderToGoBackOnceWhatRunsHasChanged) {
    for (auto const changed : {Ended::rolled_back, Ended::committed}) {
        walker.walked.clear();
        if (changed == Ended::rolled_back) start();
        offer("1.1.0", 1);
        loop.roll_back(offer_of("1.0.0", 1));
        end(changed);
        EXPECT_EQ(walker.walked, Words{"walk 1.1.0"});
        EXPECT_FALSE(loop.busy());
    }
}

TEST_F(AppLoopTest, GoesBackAfterAWalkThatLeftWhatRunsAsItWas) {
    start();
    offer("1.1.0", 1);
    loop.roll_back(offer_of("1.0.0", 1));
    EXPECT_EQ(walker.abandoned, Words{"a person asked for the previous release"});
    end(Ended::failed);
    EXPECT_EQ(walker.walked, (Words{"walk 1.1.0", "back 1.0.0"}));
}

TEST_F(AppLoopTest, LeavesAnInterruptedWalkForTheNextStart) {
    start();
    offer("1.1.0", 1);
    loop.stop();
    settle();
    EXPECT_TRUE(ends.empty());
    EXPECT_FALSE(loop.busy());
}

}  // namespace
}  // namespace lanyard::update
