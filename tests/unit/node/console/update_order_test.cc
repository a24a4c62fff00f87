#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <string>
#include <vector>

#include "node/check/errc.h"
#include "node/console/desk.h"
#include "node/journal/seal.h"
#include "tests/support/loop.h"
#include "tests/support/open_gate.h"
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

// Nothing is ever on offer here.
class IdleWalker final : public update::Walker {
public:
    asio::awaitable<update::Ended> walk(check::Offer) override { co_return update::Ended::failed; }
    asio::awaitable<update::Ended> resume(journal::Attempt) override { co_return update::Ended::failed; }
    asio::awaitable<update::Ended> walk_back(check::Offer) override { co_return update::Ended::failed; }
    void abandon(std::string) override {}
    bool recall(std::string) override { return false; }
    void stop() override {}
};

class UpdateOrder : public testing::Test {
protected:
    UpdateOrder() {
        for (auto const* name : {"demo", "other"}) {
            check::ManagedApp app{*release::AppId::parse(name), *release::Channel::parse("stable"), scratch / name};
            desk.care_for({std::move(app), nullptr, &loop});
        }
    }

    v1::LocalResponse update(std::string const& app = "") {
        v1::LocalRequest request;
        request.mutable_update()->set_app(app);
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
    std::array<std::string_view, 3> migrations{journal::journal_schema(), journal::sequence_schema(),
                                               journal::seal_schema()};
    store::Database database = *store::Database::open(scratch / "node.db", migrations);
    journal::Records records{database, std::chrono::system_clock::now};
    asio::io_context io;
    NodeConfig config;
    ScriptedChecker checker;
    support::OpenGate gate;
    support::RecordedEvents events;
    Desk desk{io, config, checker, records, gate, events};
    IdleWalker walker;
    async::Bell bell{io};
    update::AppLoop loop{walker,
                         bell,
                         std::chrono::steady_clock::now,
                         {},
                         [](update::Ended) {},
                         [](release::Target const&) { return update::PastFailures(); }};
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

TEST_F(UpdateOrder, IsNotAnsweredByWhatIsSaidOfAnotherApplication) {
    checker.answers = {refused("expired"), unchanged()};
    auto const answer = update("other");
    EXPECT_EQ(checker.waits, (std::vector<long>{0, 1}));
    EXPECT_EQ(answer.message(), "nothing newer is on offer");
}

}  // namespace
}  // namespace lanyard::console::update_order_test
