#include "node/gate/idle_gate.h"

#include <gtest/gtest.h>

#include "tests/support/fake_time.h"
#include "tests/support/loop.h"
#include "tests/support/recorded_events.h"
#include "tests/support/sample_target.h"

namespace lanyard::gate {
namespace {

using namespace std::chrono_literals;

class FakeSensor final : public BusySensor {
public:
    Busy now = Busy::no;
    Busy busy(std::filesystem::path const&) override { return now; }
};

class IdleGateTest : public testing::Test {
protected:
    Rules rules() {
        Rules rules;
        rules.policies.insert_or_assign(nightly.target.app, Policy{Window::parse("22:00-05:00").value()});
        return rules;
    }

    check::Offer offer(std::string const& app) {
        return {support::sample_target(app, "2.0.0", 2), support::sample_target(app, "1.0.0", 1), "/srv/" + app};
    }

    bool pass(check::Offer const& wanted) { return support::run(gate.pass(wanted)); }

    // Runs `act` when the gate has slept `sleeps` times.
    void after(std::size_t sleeps, std::function<void()> act) {
        time.on_sleep = [this, sleeps, act = std::move(act)] {
            if (time.slept.size() == sleeps) act();
        };
    }

    check::Offer nightly = offer("nightly");
    check::Offer anytime = offer("anytime");
    support::FakeTime time;
    support::RecordedEvents events;
    FakeSensor sensor;
    IdleGate gate{time, sensor, events, rules(), time.wall_clock()};
};

TEST_F(IdleGateTest, LetsAnIdleApplicationPassAtOnce) {
    EXPECT_TRUE(pass(anytime));
    EXPECT_TRUE(time.slept.empty());
}

TEST_F(IdleGateTest, OpensWithinFiveSecondsOfTheApplicationBeingDone) {
    sensor.now = Busy::yes;
    after(3, [this] { sensor.now = Busy::no; });
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
    sensor.now = Busy::unknown;
    after(2, [this] { sensor.now = Busy::no; });
    EXPECT_TRUE(pass(nightly));
    EXPECT_EQ(time.passed, 10s);
}

TEST_F(IdleGateTest, LetsAFirstInstallPassAtAnyTime) {
    nightly.running.reset();
    sensor.now = Busy::yes;
    EXPECT_TRUE(pass(nightly));
}

TEST_F(IdleGateTest, OpensAtOnceWhenAPersonAgrees) {
    sensor.now = Busy::yes;
    after(1, [this] { gate.open_now(anytime.target.app); });
    EXPECT_TRUE(pass(anytime));
    EXPECT_EQ(time.slept.size(), 1u);
    EXPECT_EQ(time.wakes, 1);
}

TEST_F(IdleGateTest, KeepsAnAgreementForTheNextPassAndForThatOneOnly) {
    sensor.now = Busy::yes;
    gate.open_now(anytime.target.app);
    EXPECT_TRUE(pass(anytime));
    after(1, [this] { gate.stop(); });
    EXPECT_FALSE(pass(anytime));
}

TEST_F(IdleGateTest, TakesAnAgreementForOneApplicationOnly) {
    sensor.now = Busy::yes;
    gate.open_now(nightly.target.app);
    after(1, [this] { gate.stop(); });
    EXPECT_FALSE(pass(anytime));
}

TEST_F(IdleGateTest, ForgetsTheAgreementOfAnAttemptThatIsOver) {
    sensor.now = Busy::yes;
    gate.open_now(anytime.target.app);
    gate.take_back(anytime.target.app);
    after(1, [this] { gate.stop(); });
    EXPECT_FALSE(pass(anytime));
}

TEST_F(IdleGateTest, TurnsAwayWhoWaitsForTheApplicationAndLetsItComeBack) {
    sensor.now = Busy::yes;
    after(2, [this] { gate.turn_away(anytime.target.app); });
    EXPECT_FALSE(pass(anytime));
    sensor.now = Busy::no;
    EXPECT_TRUE(pass(anytime));
}

TEST_F(IdleGateTest, KeepsAnAgreementForTheAttemptThatTakesThePlaceOfAnother) {
    sensor.now = Busy::yes;
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
    sensor.now = Busy::yes;
    after(1, [this] { gate.stop(); });
    EXPECT_FALSE(pass(anytime));
    EXPECT_EQ(time.slept.size(), 1u);
    EXPECT_EQ(time.wakes, 1);
    EXPECT_FALSE(time.cancelled);
}

TEST_F(IdleGateTest, SaysWhyItIsClosedToWhomeverAsksNow) {
    sensor.now = Busy::yes;
    std::vector<std::string> waiting;
    std::vector<std::string> later;
    after(1, [&] {
        waiting = gate.why(nightly.target.app);
        sensor.now = Busy::no;
        later = gate.why(nightly.target.app);
        EXPECT_TRUE(gate.why(anytime.target.app).empty());
        gate.stop();
    });
    EXPECT_FALSE(pass(nightly));
    EXPECT_EQ(waiting, (std::vector<std::string>{"outside the time window 22:00-05:00",
                                                 "the application is busy: it holds its busy.lock"}));
    EXPECT_EQ(later, (std::vector<std::string>{"outside the time window 22:00-05:00"}));
    EXPECT_TRUE(gate.why(nightly.target.app).empty());
}

TEST_F(IdleGateTest, TellsOfWaitingOnceAndAgainWhenTheReasonChanges) {
    sensor.now = Busy::yes;
    time.on_sleep = [this] {
        if (time.slept.size() == 3) sensor.now = Busy::unknown;
        if (time.slept.size() == 6) sensor.now = Busy::no;
    };
    EXPECT_TRUE(pass(anytime));
    EXPECT_EQ(events.count("gate.waiting"), 2);
    EXPECT_NE(events.text("gate.waiting").find("cannot tell"), std::string::npos) << events.text("gate.waiting");
}

}  // namespace
}  // namespace lanyard::gate
