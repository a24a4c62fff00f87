#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <string>
#include <vector>

#include "node/check/errc.h"
#include "node/console/desk.h"
#include "tests/support/loop.h"
#include "tests/support/recorded_events.h"
#include "tests/support/scratch.h"

namespace lanyard::console::update_order_test {
namespace {

// Gives the answers that were put in, one after the other.
class ScriptedChecker final : public check::Checker {
public:
    asio::awaitable<Result<check::CheckOutcome>> check(std::chrono::seconds wait) override {
        waits.push_back(wait.count());
        auto next = answers.front();
        answers.pop_front();
        co_return next;
    }
    void look_again() override {}
    std::optional<std::chrono::seconds> retry_after() const override { return std::nullopt; }
    void cancel() override {}

    std::deque<Result<check::CheckOutcome>> answers;
    std::vector<long> waits;
};

class UntouchedGate final : public gate::Gate {
public:
    asio::awaitable<bool> pass(check::Offer const&) override { co_return true; }
    void open_now(release::AppId const&) override {}
    void take_back(release::AppId const&) override {}
    void turn_away(release::AppId const&) override {}
    std::vector<std::string> why(release::AppId const&) const override { return {}; }
    void stop() override {}
};

class UpdateOrder : public testing::Test {
protected:
    v1::LocalResponse update() {
        v1::LocalRequest request;
        request.mutable_update();
        Desk::Say const say = [](v1::LocalResponse) -> asio::awaitable<bool> { co_return true; };
        return support::run(io, desk.answer(request, say));
    }

    static check::CheckOutcome unchanged() { return {}; }
    static check::CheckOutcome refused(std::string why) {
        check::CheckOutcome outcome;
        outcome.changed = true;
        outcome.refused.push_back({*release::AppId::parse("demo"), {check::Errc::held_back, std::move(why)}});
        return outcome;
    }

    support::Scratch scratch;
    std::array<std::string_view, 1> migrations{journal::journal_schema()};
    store::Database database = *store::Database::open(scratch / "node.db", migrations);
    journal::Records records{database, std::chrono::system_clock::now};
    asio::io_context io;
    NodeConfig config;
    ScriptedChecker checker;
    UntouchedGate gate;
    support::RecordedEvents events;
    Desk desk{io, config, checker, records, gate, events};
};

TEST_F(UpdateOrder, WaitsAMomentForASeederThatHasNotNoticedYetWhatWasPublished) {
    checker.answers = {unchanged(), refused("signed by nobody")};
    auto const answer = update();
    EXPECT_EQ(checker.waits, (std::vector<long>{0, 1}));
    EXPECT_NE(answer.message().find("signed by nobody"), std::string::npos) << answer.message();
    EXPECT_NE(answer.exit_code(), 0U);
}

TEST_F(UpdateOrder, SaysThatNothingIsOnOfferWhenTheMomentBringsNothing) {
    checker.answers = {unchanged(), unchanged()};
    auto const answer = update();
    EXPECT_EQ(checker.waits, (std::vector<long>{0, 1}));
    EXPECT_EQ(answer.message(), "nothing newer is on offer");
    EXPECT_EQ(answer.exit_code(), 0U);
}

TEST_F(UpdateOrder, IsNotSpoiledByASeederThatGoesAwayInThatMoment) {
    checker.answers = {unchanged(), fail(check::Errc::broken_off, "gone")};
    auto const answer = update();
    EXPECT_EQ(answer.message(), "nothing newer is on offer");
    EXPECT_EQ(answer.exit_code(), 0U);
}

TEST_F(UpdateOrder, DoesNotWaitWhereTheFirstAnswerSaysEnough) {
    checker.answers = {refused("expired")};
    auto const answer = update();
    EXPECT_EQ(checker.waits, std::vector<long>{0});
    EXPECT_NE(answer.message().find("expired"), std::string::npos) << answer.message();
}

}  // namespace
}  // namespace lanyard::console::update_order_test
