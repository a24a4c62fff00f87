#include "node/gate/idle_gate.h"

#include <gtest/gtest.h>

#include "tests/support/fake_senses.h"
#include "tests/support/fake_time.h"
#include "tests/support/loop.h"
#include "tests/support/recorded_events.h"
#include "tests/support/sample_target.h"

namespace lanyard::gate::idle_gate_test {
namespace {

using namespace std::chrono_literals;

class IdleGateTest : public testing::Test {
protected:
    Rules rules() {
        Rules rules;
        Policy at_night;
        at_night.windows = {Window::parse("22:00-05:00").value()};
        rules.policies.insert_or_assign(nightly.target.app, at_night);
        Policy watchful;
        watchful.user_idle = 10min;
        watchful.quiet = 5min;
        watchful.deadline = 48h;
        rules.policies.insert_or_assign(watched.target.app, watchful);
        return rules;
    }

    check::Offer offer(std::string const& app) {
        return {support::sample_target(app, "2.0.0", 2), support::sample_target(app, "1.0.0", 1), "/srv/" + app};
    }

    bool pass(check::Offer const& wanted) {
        passage = support::run(gate.pass(wanted));
        return passage.has_value();
    }
    Explanation explain(check::Offer const& wanted) { return support::run(gate.explain(wanted)); }

    // Runs `act` when the gate has slept `sleeps` times.
    void after(std::size_t sleeps, std::function<void()> act) {
        time.on_sleep = [this, sleeps, act = std::move(act)] {
            if (time.slept.size() == sleeps) act();
        };
    }

    check::Offer nightly = offer("nightly");
    check::Offer anytime = offer("anytime");
    check::Offer watched = offer("watched");
    support::FakeTime time;
    support::RecordedEvents events;
    support::FakeSenses sensor;
    support::FakeMemory memory;
    std::optional<Passage> passage;
    IdleGate gate{{time, sensor, memory, events}, rules(), {time.wall_clock(), time.steady_clock()}};
};

TEST_F(IdleGateTest, LetsAnIdleApplicationPassAtOnce) {
    EXPECT_TRUE(pass(anytime));
    EXPECT_TRUE(time.slept.empty());
}

TEST_F(IdleGateTest, OpensWithinFiveSecondsOfTheApplicationBeingDone) {
    sensor.now.busy = Busy::yes;
    after(3, [this] { sensor.now.busy = Busy::no; });
    EXPECT_TRUE(pass(anytime));
    EXPECT_EQ(time.slept, (std::vector<std::chrono::milliseconds>{5s, 5s, 5s}));
}

TEST_F(IdleGateTest, OpensInTheSecondInWhichTheWindowOpens) {
    time.begin += 30s;
    EXPECT_TRUE(pass(nightly));
    EXPECT_EQ(time.passed, 10h - 30s);
}

TEST_F(IdleGateTest, NoticesWithinAMinuteThatTheWallClockWasSet) {
    after(1, [this] { time.begin += 10h; });
    EXPECT_TRUE(pass(nightly));
    EXPECT_EQ(time.passed, 60s);
}

TEST_F(IdleGateTest, WaitsInTheWindowForABusyApplication) {
    time.begin += 11h;
    sensor.now.busy = Busy::unknown;
    after(2, [this] { sensor.now.busy = Busy::no; });
    EXPECT_TRUE(pass(nightly));
    EXPECT_EQ(time.passed, 10s);
}

TEST_F(IdleGateTest, LetsAFirstInstallPassAtAnyTime) {
    nightly.running.reset();
    sensor.now.busy = Busy::yes;
    EXPECT_TRUE(pass(nightly));
}

TEST_F(IdleGateTest, OpensAtOnceWhenAPersonAgrees) {
    sensor.now.busy = Busy::yes;
    after(1, [this] { gate.open_now(anytime.target.app); });
    EXPECT_TRUE(pass(anytime));
    EXPECT_EQ(time.slept.size(), 1u);
    EXPECT_EQ(time.wakes, 1);
}

TEST_F(IdleGateTest, KeepsAnAgreementForTheNextPassAndForThatOneOnly) {
    sensor.now.busy = Busy::yes;
    gate.open_now(anytime.target.app);
    EXPECT_TRUE(pass(anytime));
    after(1, [this] { gate.stop(); });
    EXPECT_FALSE(pass(anytime));
}

TEST_F(IdleGateTest, TakesAnAgreementForOneApplicationOnly) {
    sensor.now.busy = Busy::yes;
    gate.open_now(nightly.target.app);
    after(1, [this] { gate.stop(); });
    EXPECT_FALSE(pass(anytime));
}

TEST_F(IdleGateTest, ForgetsTheAgreementOfAnAttemptThatIsOver) {
    sensor.now.busy = Busy::yes;
    gate.open_now(anytime.target.app);
    gate.take_back(anytime.target.app);
    after(1, [this] { gate.stop(); });
    EXPECT_FALSE(pass(anytime));
}

TEST_F(IdleGateTest, TurnsAwayWhoWaitsForTheApplicationAndLetsItComeBack) {
    sensor.now.busy = Busy::yes;
    after(2, [this] { gate.turn_away(anytime.target.app); });
    EXPECT_FALSE(pass(anytime));
    sensor.now.busy = Busy::no;
    EXPECT_TRUE(pass(anytime));
}

TEST_F(IdleGateTest, KeepsAnAgreementForTheAttemptThatTakesThePlaceOfAnother) {
    sensor.now.busy = Busy::yes;
    after(1, [this] {
        gate.turn_away(anytime.target.app);
        gate.open_now(anytime.target.app);
    });
    EXPECT_FALSE(pass(anytime));
    EXPECT_TRUE(pass(anytime));
}

TEST_F(IdleGateTest, NeverOpensAgainOnceStopped) {
    gate.stop();
    EXPECT_FALSE(pass(anytime));
}

TEST_F(IdleGateTest, WakesWhoWaitsWhenItIsStoppedAndLeavesTheAlarmToOthers) {
    sensor.now.busy = Busy::yes;
    after(1, [this] { gate.stop(); });
    EXPECT_FALSE(pass(anytime));
    EXPECT_EQ(time.slept.size(), 1u);
    EXPECT_EQ(time.wakes, 1);
    EXPECT_FALSE(time.cancelled);
}

TEST_F(IdleGateTest, SaysWhyItIsClosedToWhomeverAsksNow) {
    sensor.now.busy = Busy::yes;
    std::vector<std::string> waiting;
    std::vector<std::string> later;
    after(1, [&] {
        waiting = gate.why(nightly.target.app);
        sensor.now.busy = Busy::no;
        later = explain(nightly).decision.reasons;
        EXPECT_TRUE(gate.why(anytime.target.app).empty());
        gate.stop();
    });
    EXPECT_FALSE(pass(nightly));
    EXPECT_EQ(waiting, (std::vector<std::string>{"outside the time window 22:00-05:00",
                                                 "the application says that it is busy"}));
    EXPECT_EQ(later, (std::vector<std::string>{"outside the time window 22:00-05:00"}));
    EXPECT_TRUE(gate.why(nightly.target.app).empty());
}

TEST_F(IdleGateTest, TellsOfWaitingOnceAndAgainWhenTheReasonChanges) {
    sensor.now.busy = Busy::yes;
    time.on_sleep = [this] {
        if (time.slept.size() == 3) sensor.now.busy = Busy::unknown;
        if (time.slept.size() == 6) sensor.now.busy = Busy::no;
    };
    EXPECT_TRUE(pass(anytime));
    EXPECT_EQ(events.count("gate.waiting"), 2);
    EXPECT_NE(events.text("gate.waiting").find("cannot tell"), std::string::npos) << events.text("gate.waiting");
}

TEST_F(IdleGateTest, SaysHowItOpened) {
    EXPECT_TRUE(pass(anytime));
    EXPECT_EQ(passage->because, "not busy");
    EXPECT_EQ(passage->at, time.begin);
    EXPECT_EQ(events.count("gate.open"), 1);
}

TEST_F(IdleGateTest, AsksOnlyTheSensorsThatThePolicyNames) {
    EXPECT_TRUE(pass(anytime));
    EXPECT_FALSE(sensor.asked.back().presence);
    explain(watched);
    EXPECT_TRUE(sensor.asked.back().presence);
    EXPECT_FALSE(sensor.asked.back().load);
}

TEST_F(IdleGateTest, OpensAfterAQuietStretchThatNobodyHasBroken) {
    time.on_sleep = [this] { sensor.now.busy = time.passed == 2min ? Busy::yes : Busy::no; };
    EXPECT_TRUE(pass(watched));
    EXPECT_EQ(time.passed, 2min + 5s + 5min + 5s);
}

TEST_F(IdleGateTest, CountsTheDeadlineFromTheDiscoveryAndNotFromTheWaiting) {
    gate.discovered(watched);
    time.begin += 47h;
    sensor.now.presence = unknown("no logind");
    EXPECT_TRUE(pass(watched));
    EXPECT_EQ(time.passed, 1h);
}

TEST_F(IdleGateTest, SurprisesNobodyOnTheFirstMorningAfterADeadlineThatItSlept) {
    gate.discovered(watched);
    time.begin += 60h;
    sensor.now.presence = unknown("no logind");
    EXPECT_TRUE(pass(watched));
    EXPECT_EQ(time.passed, 1h) << "the grace";
}

TEST_F(IdleGateTest, HearsWhatAPersonDecidedWhileItWaits) {
    after(1, [this] { memory.waits[nightly.target.app].held_until = time.begin + 15h; });
    EXPECT_TRUE(pass(nightly));
    EXPECT_EQ(time.passed, 15h);
}

TEST_F(IdleGateTest, StaysShutWhileItsNotesCannotBeRead) {
    memory.failure = Error(std::make_error_code(std::errc::io_error), "the disk is gone");
    after(2, [this] { memory.failure.reset(); });
    EXPECT_TRUE(pass(anytime));
    EXPECT_EQ(time.slept.size(), 2u);
}

TEST_F(IdleGateTest, HearsAPersonWhoSpeaksWhileTheSensorsAreRead) {
    sensor.now.busy = Busy::yes;
    sensor.on_read = [this] { gate.open_now(anytime.target.app); };
    EXPECT_TRUE(pass(anytime));
    EXPECT_TRUE(time.slept.empty());
}

TEST_F(IdleGateTest, ExplainsAnOfferThatDoesNotWaitYet) {
    auto const explanation = explain(nightly);
    EXPECT_FALSE(explanation.decision.open);
    EXPECT_EQ(explanation.at, time.begin);
    EXPECT_EQ(explanation.next_look, time.begin + 60s);
    EXPECT_EQ(explanation.decision.earliest, time.begin + 10h);
}

}  // namespace
}  // namespace lanyard::gate::idle_gate_test
