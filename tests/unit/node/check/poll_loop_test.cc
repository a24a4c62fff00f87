#include "node/check/poll_loop.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "manifests/trust/errc.h"
#include "node/check/errc.h"
#include "tests/support/recorded_events.h"

namespace lanyard::check {
namespace {

using namespace std::chrono_literals;
using Answer = Result<CheckOutcome>;

Answer quiet(bool held) { return CheckOutcome{held, false, {}, {}}; }
Answer changed() { return CheckOutcome{false, true, {}, {}}; }
Answer unreachable() { return fail(std::make_error_code(std::errc::host_unreachable), "no route to seeder.lan"); }
Answer untrusted() { return fail(Errc::held_back, "rollback attack"); }

class ScriptedChecker final : public Checker {
public:
    explicit ScriptedChecker(std::deque<Answer> script) : script_(std::move(script)) {}

    asio::awaitable<Answer> check(std::chrono::seconds) override {
        Answer answer = script_.front();
        script_.pop_front();
        co_return answer;
    }
    void look_again() override {}
    std::optional<std::chrono::seconds> retry_after() const override { return asked; }
    void cancel() override { cancelled = true; }
    bool exhausted() const { return script_.empty(); }

    std::optional<std::chrono::seconds> asked;
    bool cancelled = false;

private:
    std::deque<Answer> script_;
};

// Records how long it was asked to sleep, and wakes at once.
class RecordingAlarm final : public async::Alarm {
public:
    asio::awaitable<void> sleep(std::chrono::milliseconds duration) override {
        slept.push_back(duration);
        on_sleep();
        co_return;
    }
    void cancel() override {}

    std::vector<std::chrono::milliseconds> slept;
    std::function<void()> on_sleep = [] {};
};

class PollLoopTest : public testing::Test {
protected:
    // Runs the loop until `script` is used up.
    void run(std::deque<Answer> script, std::optional<std::chrono::seconds> retry_after = std::nullopt) {
        ScriptedChecker checker(std::move(script));
        checker.asked = retry_after;
        PollTimes const times{50s, 900s, 1s, 16s};
        PollLoop loop(checker, alarm, events, Backoff(times, [this] { return random; }), times);
        alarm.on_sleep = [&] {
            if (checker.exhausted()) loop.stop();
        };
        auto on_outcome = [this](CheckOutcome const&) { ++outcomes; };
        auto on_contact = [this](Error const* failure) { contacts.push_back(failure ? failure->detail : ""); };
        asio::io_context io;
        auto running = loop.run(on_outcome, on_contact);
        asio::co_spawn(io, std::move(running), asio::detached);
        io.run();
        EXPECT_TRUE(checker.cancelled);
    }

    double random = 0.5;
    RecordingAlarm alarm;
    support::RecordedEvents events;
    int outcomes = 0;
    std::vector<std::string> contacts;
};

using Delays = std::vector<std::chrono::milliseconds>;

TEST_F(PollLoopTest, AsksASeederThatHoldsQuestionsAgainSoon) {
    run({quiet(true), quiet(true)});
    EXPECT_EQ(alarm.slept, (Delays{600ms, 600ms}));
    EXPECT_EQ(outcomes, 0);
}

TEST_F(PollLoopTest, AsksASeederThatHoldsNothingAtTheInterval) {
    run({quiet(false)});
    EXPECT_EQ(alarm.slept, (Delays{900s}));
}

TEST_F(PollLoopTest, SpreadsTheIntervalByAFifth) {
    random = 0.0;
    run({quiet(false)});
    EXPECT_EQ(alarm.slept, (Delays{720s}));
}

TEST_F(PollLoopTest, HandsOverWhatHasChanged) {
    run({changed(), quiet(true), changed()});
    EXPECT_EQ(outcomes, 2);
}

TEST_F(PollLoopTest, BacksOffUpToTheCeilingAndRecovers) {
    random = 1.0;
    run({unreachable(), unreachable(), unreachable(), unreachable(), unreachable(), unreachable(), quiet(false),
         unreachable()});
    EXPECT_EQ(alarm.slept, (Delays{1s, 2s, 4s, 8s, 16s, 16s, 1080s, 1s}));
}

TEST_F(PollLoopTest, JittersTheBackoffDownToAHalf) {
    random = 0.0;
    run({unreachable(), unreachable()});
    EXPECT_EQ(alarm.slept, (Delays{500ms, 1s}));
}

TEST_F(PollLoopTest, WaitsAtLeastAsLongAsTheSeederAsks) {
    run({unreachable()}, 30s);
    EXPECT_EQ(alarm.slept, (Delays{33s}));
}

TEST_F(PollLoopTest, TellsAnAttackApartFromAnOutage) {
    run({unreachable(), untrusted()});
    EXPECT_EQ(events.names(), (std::vector<std::string>{"check.failed", "trust.refused"}));
    EXPECT_EQ(contacts, (std::vector<std::string>{"no route to seeder.lan", "rollback attack"}));
}

TEST_F(PollLoopTest, MakesAnAlarmOfAFreeze) {
    run({fail(trust::Errc::freeze, "timestamp: it expired (freeze)")});
    ASSERT_EQ(events.told.size(), 1u);
    EXPECT_EQ(events.told[0].level, events::Level::error);
    EXPECT_EQ(events.text("trust.refused"), "timestamp: it expired (freeze)");
}

TEST_F(PollLoopTest, MakesAnAlarmOfOneApplicationAndHandsOverTheOthers) {
    auto answer = changed();
    answer->refused.push_back({release::AppId::parse("shop").value(), Error(trust::Errc::rollback, "rollback")});
    run({answer, answer});
    EXPECT_EQ(events.count("trust.refused"), 2);
    EXPECT_EQ(outcomes, 2);
    EXPECT_EQ(contacts, (std::vector<std::string>{"rollback", "rollback"}));
    EXPECT_EQ(alarm.slept, (Delays{750ms, 1500ms}));  // it is not asked for again and again
}

}  // namespace
}  // namespace lanyard::check
