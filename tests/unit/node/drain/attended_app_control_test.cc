#include "node/drain/attended_app_control.h"

#include <gtest/gtest.h>

#include "node/drain/errc.h"
#include "tests/support/fake_contract.h"
#include "tests/support/fake_processes.h"
#include "tests/support/fake_time.h"
#include "tests/support/loop.h"
#include "tests/support/recorded_events.h"
#include "tests/support/sample_target.h"

namespace lanyard::drain {
namespace {

using namespace std::chrono_literals;

class AttendedAppControlTest : public testing::Test {
protected:
    AttendedAppControlTest() {
        ports.known = {{"tcp", "127.0.0.1", 8080, 1000, 1, {{812, "billing", 500}}},
                       {"tcp", "127.0.0.1", 9090, 1000, 2, {{812, "billing", 500}}}};
        ports.open = {8080, 9090};
        runner.scripts["./stop"] = [this] {
            ports.open.clear();
            return Ending();
        };
        runner.scripts["./start"] = [this] {
            ports.open = {8080, 9090};
            for (auto& socket : ports.known) socket.holders = {{901, "billing", ports.now}};
            on_start();
            return Ending();
        };
    }

    static AppRelease make(std::string const& version, bool keep_ports) {
        auto message = support::sample_message("billing", version, 7);
        message.mutable_install()->set_stop("./stop");
        message.mutable_install()->set_start("./start");
        message.mutable_install()->add_ports(8080);
        message.mutable_install()->add_ports(9090);
        message.mutable_install()->set_drain_seconds(60);
        message.mutable_install()->set_start_seconds(20);
        message.mutable_install()->set_keep_ports(keep_ports);
        return {support::sample_target(message), "/srv/billing/current"};
    }
    // A process of the application that attends, and what it does when it is spoken to.
    Contract::Party comes(std::string const& version, std::function<void(v1::NodeMessage const&)> does = {}) {
        auto const party = contract.come(old.target.app, {812, "billing", 500}, [this, does](auto const& message) {
            heard.push_back(message);
            if (does) later.push_back([does, message] { does(message); });
        });
        v1::AppMessage registration;
        registration.mutable_registration()->set_attends(true);
        registration.mutable_registration()->set_version(version);
        contract.hear(party, registration);
        return party;
    }
    void says(Contract::Party party, v1::AppMessage const& message) {
        auto const answer = contract.hear(party, message);
        EXPECT_EQ(answer.refused(), "");
    }
    void says_ready(Contract::Party party, std::string const& token) {
        v1::AppMessage message;
        message.mutable_ready();
        if (!token.empty()) message.mutable_ready()->mutable_token()->set_bytes(token);
        says(party, message);
    }
    void says_resumed(Contract::Party party, bool accepted) {
        v1::AppMessage message;
        message.mutable_resumed()->set_accepted(accepted);
        message.mutable_resumed()->set_reason("cannot read it");
        says(party, message);
    }
    // Whoever was spoken to answers while the node sleeps.
    void answers_while_asleep() {
        time.on_sleep = [this] {
            auto const now = std::exchange(later, {});
            for (auto const& act : now) act();
        };
    }

    Status prepare(bool last_word = false) { return support::run(control.prepare(old, next.target, last_word)); }
    Status stop(AppRelease const& release) { return support::run(control.stop(release)); }
    Status start(AppRelease const& release) { return support::run(control.start(release)); }
    v1::Handover const& kept() { return store.rows.at(old.target.app); }

    AppRelease old = make("1.0.0", true);
    AppRelease next = make("2.0.0", true);
    support::FakeTime time;
    support::FakeRunner runner;
    support::FakePorts ports;
    support::FakeKeeper keeper;
    support::FakeHandovers store;
    support::RecordedEvents events;
    RightfulPorts rightful{ports};
    Downtime downtime{rightful, time.steady_clock()};
    CommandAppControl commands{runner, downtime, time, time.steady_clock()};
    Contract contract{time.steady_clock(), [this] { time.wake(); }};
    std::vector<std::string> reachable;
    AttendedAppControl control{
        {commands, contract, keeper, store, rightful, downtime, time, events, time.steady_clock(),
         [this](AppRelease const& release) { reachable.push_back(release.target.version.text()); },
         [this](std::uint32_t uid) { return uid == own_user; }}};
    std::uint32_t own_user = 1000;
    std::vector<v1::NodeMessage> heard;
    std::vector<std::function<void()>> later;
    std::function<void()> on_start = [] {};
};

TEST_F(AttendedAppControlTest, AsksNobodyWhereNobodyAttendsAndRecordsItsPorts) {
    old = make("1.0.0", false);
    EXPECT_TRUE(prepare());
    EXPECT_TRUE(time.slept.empty());
    EXPECT_EQ(kept().from_version(), "1.0.0");
    EXPECT_FALSE(kept().has_token());
    ASSERT_EQ(kept().sockets_size(), 2);
    EXPECT_EQ(kept().sockets(0).port(), 8080u);
    EXPECT_EQ(kept().sockets(0).holders(0).name(), "billing");
    EXPECT_TRUE(keeper.copies.empty()) << "it does not take sockets";
}

TEST_F(AttendedAppControlTest, KeepsTheTokenBeforeAnythingIsStopped) {
    Contract::Party party = comes("1.0.0", [&](auto const&) { says_ready(party, "page 12"); });
    answers_while_asleep();
    ASSERT_TRUE(prepare());
    EXPECT_EQ(kept().token().bytes(), "page 12");
    EXPECT_TRUE(runner.commands.empty());
    EXPECT_EQ(heard.front().prepare_stop().seconds(), 60u);
    EXPECT_EQ(heard.front().prepare_stop().to_version(), "2.0.0");
}

TEST_F(AttendedAppControlTest, StopsNobodyWhoseTokenCannotBeKept) {
    Contract::Party party = comes("1.0.0", [&](auto const& m) {
        if (m.has_prepare_stop()) says_ready(party, "page 12");
    });
    answers_while_asleep();
    store.failing = true;
    auto const prepared = prepare();
    ASSERT_FALSE(prepared);
    EXPECT_NE(prepared.error().code, Errc::not_now) << "to ask again would not help";
    EXPECT_TRUE(heard.back().has_called_off());
    EXPECT_FALSE(keeper.holds(8080));
}

TEST_F(AttendedAppControlTest, IsNotReadyByTheDrainDeadlineAndGoesOn) {
    comes("1.0.0");
    auto const prepared = prepare();
    ASSERT_FALSE(prepared);
    EXPECT_EQ(prepared.error().code, Errc::not_now);
    EXPECT_EQ(prepared.error().detail, "billing 1.0.0 does not want to be stopped: billing (pid 812) has not answered");
    EXPECT_EQ(time.passed, 60s);
    EXPECT_TRUE(heard.back().has_called_off());
    EXPECT_FALSE(keeper.holds(8080)) << "it opens its port again itself";
    EXPECT_NE(contract.busy(old.target.app), "") << "the gate is closed for a while";
    EXPECT_TRUE(store.rows.empty());
}

TEST_F(AttendedAppControlTest, HeedsAVetoAtOnceUnlessItIsItsLastWord) {
    Contract::Party party = comes("1.0.0", [&](auto const& m) {
        if (!m.has_prepare_stop()) return;
        v1::AppMessage veto;
        veto.mutable_veto()->set_reason("the month is being closed");
        says(party, veto);
    });
    answers_while_asleep();
    EXPECT_EQ(prepare().error().code, Errc::not_now);
    EXPECT_EQ(time.passed, 1s);
    EXPECT_TRUE(prepare(true));
    EXPECT_EQ(time.passed, 61s) << "until its deadline it may still become ready";
    EXPECT_EQ(events.count("drain.forced"), 1);
    EXPECT_NE(events.text("drain.forced").find("the month is being closed"), std::string::npos);
    EXPECT_TRUE(heard.back().prepare_stop().last_word());
}

TEST_F(AttendedAppControlTest, CallsItOffWhenTheNodeIsToEnd) {
    comes("1.0.0");
    time.on_sleep = [this] { control.hurry(); };
    EXPECT_EQ(prepare(true).error().code, Errc::not_now);
    EXPECT_TRUE(heard.back().has_called_off());
}

TEST_F(AttendedAppControlTest, LetsAnApplicationGoOnThatWasReadyAndCouldNotBeStopped) {
    Contract::Party party = comes("1.0.0", [&](auto const& m) {
        if (m.has_prepare_stop()) says_ready(party, "");
    });
    answers_while_asleep();
    ASSERT_TRUE(prepare());
    runner.scripts["./stop"] = [] { return Ending{.exit_code = 1}; };
    EXPECT_FALSE(stop(old));
    EXPECT_TRUE(start(old));
    EXPECT_TRUE(heard.back().has_called_off());
}

TEST_F(AttendedAppControlTest, HoldsThePortsAndHandsThemToTheNextRelease) {
    downtime.begin();
    ASSERT_TRUE(prepare());
    EXPECT_TRUE(keeper.holds(8080));
    EXPECT_TRUE(keeper.holds(9090));
    EXPECT_EQ(events.count("custody.held"), 1);
    ASSERT_TRUE(stop(old));
    time.passed += 5s;
    ASSERT_TRUE(start(next));
    auto const& command = runner.commands.back();
    ASSERT_EQ(command.sockets.size(), 2u);
    EXPECT_EQ(command.sockets.at(0).name, "port-8080");
    EXPECT_EQ(*command.sockets.at(1).descriptor, 9090);
    EXPECT_EQ(downtime.end(), 0ms) << "whoever came had to wait, and was not turned away";
    runner.commands.clear();
    control.settle(next);
    EXPECT_FALSE(keeper.holds(8080));
    EXPECT_TRUE(store.rows.empty());
    ports.open.clear();
    ASSERT_TRUE(start(next));
    EXPECT_TRUE(runner.commands.back().sockets.empty());
}

TEST_F(AttendedAppControlTest, HoldsNothingUnlessBothReleasesTakeSockets) {
    next = make("2.0.0", false);
    ASSERT_TRUE(prepare());
    EXPECT_TRUE(keeper.copies.empty());
    old = make("1.0.0", false);
    next = make("2.0.0", true);
    ASSERT_TRUE(prepare());
    EXPECT_TRUE(keeper.copies.empty());
}

TEST_F(AttendedAppControlTest, SaysWhichPortItCannotHoldAndGoesOn) {
    keeper.untouchable = {9090};
    ASSERT_TRUE(prepare());
    EXPECT_TRUE(keeper.holds(8080));
    EXPECT_EQ(events.text("custody.failed"),
              "port 9090 of billing 1.0.0 is closed meanwhile: it may not be looked into");
}

TEST_F(AttendedAppControlTest, HoldsNoPortAtWhichAnotherUserListensToo) {
    ports.known.push_back({"tcp", "10.0.0.1", 9090, 33, 3, {{700, "nginx", 400}}});
    ASSERT_TRUE(prepare());
    EXPECT_TRUE(keeper.holds(8080));
    EXPECT_FALSE(keeper.holds(9090)) << "it would be handed to the application";
    EXPECT_EQ(
        events.text("custody.failed"),
        "port 9090 of billing 1.0.0 is closed meanwhile: users 1000 and 33 listen there, and which of the sockets "
        "are its own is not known");
}

TEST_F(AttendedAppControlTest, HoldsNoPortOfMoreSocketsThanCanBeHandedOver) {
    for (std::uint64_t inode = 10; inode < 80; ++inode) {
        ports.known.push_back({"tcp", "127.0.0.1", 9090, 1000, inode, {{812, "billing", 500}}});
    }
    ASSERT_TRUE(prepare());
    EXPECT_TRUE(keeper.holds(8080));
    EXPECT_FALSE(keeper.holds(9090));
    EXPECT_NE(events.text("custody.failed").find("more than 64"), std::string::npos);
}

TEST_F(AttendedAppControlTest, HandsOnWhatTheApplicationHandsOutAndWhatElseItHolds) {
    Contract::Party party = comes("1.0.0", [&](auto const&) {
        v1::AppMessage message;
        message.mutable_ready()->add_sockets("http");
        contract.hear(party, message, {HeldSocket{"", "::", 8080, std::make_shared<int const>(33), 1}});
    });
    answers_while_asleep();
    ASSERT_TRUE(prepare());
    ASSERT_TRUE(stop(old));
    ASSERT_TRUE(start(next));
    auto const& sockets = runner.commands.back().sockets;
    ASSERT_EQ(sockets.size(), 2u) << "the same socket once, and the other port is not closed";
    EXPECT_EQ(sockets.at(0).name, "http");
    EXPECT_EQ(*sockets.at(0).descriptor, 33);
    EXPECT_EQ(sockets.at(1).name, "port-9090");
}

TEST_F(AttendedAppControlTest, HandsNothingOnThatAReleaseWithoutKeptPortsHandsOut) {
    old = make("1.0.0", false);
    Contract::Party party = comes("1.0.0", [&](auto const&) {
        v1::AppMessage message;
        message.mutable_ready()->add_sockets("http");
        contract.hear(party, message, {HeldSocket{"", "::", 8080, std::make_shared<int const>(33), 1}});
    });
    answers_while_asleep();
    ASSERT_TRUE(prepare());
    ASSERT_TRUE(stop(old));
    ASSERT_TRUE(start(next));
    EXPECT_TRUE(runner.commands.back().sockets.empty());
}

TEST_F(AttendedAppControlTest, HoldsNoSocketOfAUserWhoIsNotTheApplications) {
    own_user = 33;
    ASSERT_TRUE(prepare());
    EXPECT_TRUE(keeper.copies.empty());
    EXPECT_NE(events.text("custody.failed").find("user 1000 listens there"), std::string::npos);
}

TEST_F(AttendedAppControlTest, RefusesAVetoOnceTheStopHasBegun) {
    Contract::Party party = comes("1.0.0", [&](auto const& m) {
        if (m.has_prepare_stop()) says_ready(party, "page 12");
    });
    answers_while_asleep();
    ASSERT_TRUE(prepare());
    v1::AppMessage veto;
    veto.mutable_veto()->set_reason("no");
    EXPECT_NE(contract.hear(party, veto).refused().find("too late"), std::string::npos);
}

TEST_F(AttendedAppControlTest, IsUpdatedAlsoWhenNobodyCanSeeItsPorts) {
    ports.readable = false;
    EXPECT_TRUE(prepare());
    EXPECT_EQ(events.count("custody.unknown"), 1);
}

class Takeover : public AttendedAppControlTest {
protected:
    Takeover() {
        Contract::Party const party = comes("1.0.0");
        time.on_sleep = [this, party] { says_ready(party, "page 12"); };
        EXPECT_TRUE(prepare());
        EXPECT_TRUE(stop(old));
        contract.go(party);
        time.on_sleep = [] {};
        heard.clear();
        begin = time.passed;
    }
    // The release that is started answers with this.
    void answers(std::string const& version, bool accepted) {
        on_start = [this, version, accepted] {
            auto const party = comes(version);
            time.on_sleep = [this, party, accepted] {
                time.on_sleep = [] {};
                says_resumed(party, accepted);
            };
        };
    }
    std::chrono::milliseconds begin{0};
};

TEST_F(Takeover, IsDoneWhenTheNewReleaseSaysSo) {
    answers("2.0.0", true);
    EXPECT_TRUE(start(next));
    EXPECT_EQ(reachable, std::vector<std::string>{"2.0.0"}) << "it must find the node from its first moment on";
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(heard.front().resume().token().bytes(), "page 12");
    EXPECT_EQ(heard.front().resume().from_version(), "1.0.0");
    EXPECT_EQ(events.count("drain.resumed"), 1);
    EXPECT_EQ(kept().resumed_by(), "2.0.0");
}

TEST_F(Takeover, FailsTheStartWhenItIsRefusedAndGoesBackToTheOldRelease) {
    answers("2.0.0", false);
    auto const started = start(next);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, Errc::token_refused);
    EXPECT_EQ(started.error().detail, "billing 2.0.0 does not take over the work of 1.0.0: cannot read it");
    ASSERT_TRUE(stop(next));
    answers("1.0.0", true);
    EXPECT_TRUE(start(old));
    EXPECT_EQ(heard.back().resume().token().bytes(), "page 12");
    EXPECT_EQ(kept().resumed_by(), "1.0.0");
}

TEST_F(Takeover, FailsTheStartWhenTheNewReleaseDoesNotAnswerInItsTime) {
    auto const started = start(next);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, Errc::token_refused);
    EXPECT_EQ(time.passed - begin, 20s);
}

TEST_F(Takeover, EndsAtOnceWhenTheNodeIsToEnd) {
    time.on_sleep = [this] { control.hurry(); };
    EXPECT_FALSE(start(next));
    EXPECT_LE(time.passed - begin, 1s);
    EXPECT_EQ(kept().token().bytes(), "page 12") << "it goes on at the next start";
}

TEST_F(Takeover, IsAskedForByTheNodeThatWasStartedAgain) {
    contract.forget(old.target.app);
    AttendedAppControl again{
        {commands, contract, keeper, store, rightful, downtime, time, events, time.steady_clock()}};
    answers("2.0.0", true);
    EXPECT_TRUE(support::run(again.start(next)));
    EXPECT_EQ(heard.front().resume().token().bytes(), "page 12");
}

TEST_F(Takeover, IsNotAskedForTwiceOfTheSameRelease) {
    answers("2.0.0", true);
    ASSERT_TRUE(start(next));
    heard.clear();
    AttendedAppControl again{
        {commands, contract, keeper, store, rightful, downtime, time, events, time.steady_clock()}};
    EXPECT_TRUE(support::run(again.start(next)));
    EXPECT_TRUE(heard.empty());
}

TEST_F(Takeover, ReachesARelaseThatIsStartedWithoutWaiting) {
    control.launch(old);
    EXPECT_EQ(runner.launched, std::vector<std::string>{"./start"});
    comes("1.0.0");
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(heard.front().resume().token().bytes(), "page 12");
}

TEST_F(AttendedAppControlTest, DoesNotTakeAStrangerForTheApplication) {
    ASSERT_TRUE(prepare());
    ASSERT_TRUE(stop(old));
    ports.open = {8080, 9090};
    ports.known = {{"tcp", "0.0.0.0", 8080, 1000, 5, {{700, "nginx", 400}}},
                   {"tcp", "0.0.0.0", 9090, 1000, 6, {{700, "nginx", 400}}}};
    EXPECT_EQ(downtime.listening({8080, 9090}).value(), Ports());
    EXPECT_EQ(holders_text(downtime, {8080}), "port 8080 is held by nginx (pid 700)");
}

}  // namespace
}  // namespace lanyard::drain
