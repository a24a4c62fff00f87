#include "node/gate/decision.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/support/fake_senses.h"

namespace lanyard::gate::decision_test {
namespace {

using namespace std::chrono_literals;

TimePoint at(std::string_view text) { return parse_time(text, Zone::utc()).value(); }
TimePoint const kNow = at("2026-06-15 12:00");  // a Monday

Policy strict() {
    Policy policy;
    policy.most_connections = 0;
    policy.user_idle = 10min;
    policy.inhibitors = true;
    policy.commands = {"rsync"};
    policy.most_cpu = 20;
    policy.most_disk = 20;
    policy.most_network = 100;
    policy.least_battery = 30;
    return policy;
}

Policy within(std::string_view window) {
    Policy policy;
    policy.windows = {Window::parse(window).value()};
    return policy;
}

Facts idle() {
    Facts facts;
    facts.wait.package = "new";
    facts.wait.running = "old";
    facts.wait.discovered = kNow - 1h;
    facts.readings = support::FakeSenses::idle();
    return facts;
}

Check const& named(Decision const& decision, std::string_view name) {
    return *std::find_if(decision.checks.begin(), decision.checks.end(), [&](auto const& c) { return c.name == name; });
}

struct Sensor {
    char const* name;
    std::function<void(Readings&)> busy;
    std::function<void(Readings&)> unknown;
    bool work;
};

std::vector<Sensor> const kSensors{
    {"busy", [](auto& r) { r.busy = Busy::yes; }, [](auto& r) { r.busy = Busy::unknown; }, true},
    {"connections", [](auto& r) { r.connections = 1u; }, [](auto& r) { r.connections = unknown("x"); }, true},
    {"user", [](auto& r) { r.presence = Presence{.idle = 9min}; }, [](auto& r) { r.presence = unknown("x"); }, false},
    {"inhibitors", [](auto& r) { r.inhibitors = std::vector<std::string>{"Impress: presentation"}; },
     [](auto& r) { r.inhibitors = unknown("x"); }, true},
    {"commands", [](auto& r) { r.commands = std::vector<std::string>{"rsync"}; },
     [](auto& r) { r.commands = unknown("x"); }, true},
    {"load", [](auto& r) { r.load = Load{.cpu = 21}; }, [](auto& r) { r.load = unknown("x"); }, false},
    {"network", [](auto& r) { r.traffic = Traffic{100 * 1024 + 1}; }, [](auto& r) { r.traffic = unknown("x"); }, false},
    {"battery",
     [](auto& r) {
         r.battery = Battery{true, 29};
     },
     [](auto& r) { r.battery = unknown("x"); }, true},
};

class EachSensor : public testing::TestWithParam<Sensor> {};

TEST_P(EachSensor, ClosesWhenItIsBusyAndWhenItIsUnknown) {
    for (auto const& upset : {GetParam().busy, GetParam().unknown}) {
        auto facts = idle();
        upset(facts.readings);
        auto const decision = decide(strict(), facts, kNow);
        EXPECT_FALSE(decision.open);
        EXPECT_TRUE(named(decision, GetParam().name).closed());
        EXPECT_EQ(decision.reasons.size(), 1u);
        EXPECT_FALSE(named(decision, GetParam().name).mend.empty());
        EXPECT_FALSE(decision.quiet());
    }
}

TEST_P(EachSensor, IsNotAskedByAPolicyThatDoesNotNameIt) {
    auto facts = idle();
    GetParam().unknown(facts.readings);
    EXPECT_EQ(decide(Policy{}, facts, kNow).open, std::string_view(GetParam().name) != "busy");
}

TEST_P(EachSensor, CountsAfterTheDeadlineOnlyWhenWorkCouldBeLostAndAfterTheGraceNeverMore) {
    auto policy = strict();
    policy.deadline = 1h;
    for (auto const& upset : {GetParam().busy, GetParam().unknown}) {
        auto facts = idle();
        upset(facts.readings);
        EXPECT_FALSE(decide(policy, facts, kNow - 1s).open);
        EXPECT_EQ(decide(policy, facts, kNow).open, !GetParam().work);
        EXPECT_EQ(decide(policy, facts, kNow + 1h - 1s).open, !GetParam().work);
        EXPECT_TRUE(decide(policy, facts, kNow + 1h).open);
    }
}

TEST_P(EachSensor, NeverGivesWayOnAMachineThatIsNeverForced) {
    auto policy = strict();
    policy.deadline = 1h;
    policy.never_force = true;
    auto facts = idle();
    facts.urgency = {.critical = true, .deadline = 1h};
    GetParam().busy(facts.readings);
    EXPECT_FALSE(decide(policy, facts, kNow + 1000h).open);
    EXPECT_FALSE(decide(policy, facts, kNow).deadline);
}

INSTANTIATE_TEST_SUITE_P(, EachSensor, testing::ValuesIn(kSensors), [](auto const& i) { return i.param.name; });

TEST(Decision, SaysAllReasonsAtOnceAndWhenItCouldOpen) {
    auto policy = strict();
    policy.windows = {Window::parse("mon-fri 22:00-05:00").value()};
    auto facts = idle();
    facts.readings.connections = 3u;
    facts.readings.presence = Presence{.idle = 2min};
    auto const decision = decide(policy, facts, kNow);
    EXPECT_EQ(decision.reasons,
              (std::vector<std::string>{"outside the time window mon-fri 22:00-05:00",
                                        "3 connections to the application are open; at most 0 are allowed",
                                        "somebody used this machine 2 min ago; it must be left alone for 10 min"}));
    EXPECT_EQ(decision.earliest, at("2026-06-15 22:00"));
    EXPECT_EQ(named(decision, "user").opens, kNow + 8min);
}

TEST(Decision, SaysWhyItIsOpen) {
    auto policy = strict();
    policy.windows = {Window::parse("12:00-13:00").value()};
    auto facts = idle();
    facts.readings.presence = Presence{.idle = 43min};
    EXPECT_EQ(decide(policy, facts, kNow).because,
              "window 12:00-13:00 open, not busy, 0 connections, nobody at the machine for 43 min, no presentation or "
              "the like, no rsync runs, the machine has little to do, the network "
              "carries 0 KiB/s, on mains power");
}

TEST(Decision, SaysWhatItPassedOver) {
    auto policy = strict();
    policy.deadline = 1h;
    policy.windows = {Window::parse("22:00-05:00").value()};
    auto facts = idle();
    facts.readings.busy = Busy::yes;
    facts.readings.connections = unknown("/proc/net/tcp cannot be read");
    auto const forced = decide(policy, facts, kNow + 2h).because;
    EXPECT_NE(forced.find("although the application says that it is busy (its deadline and the grace are over)"),
              std::string::npos)
        << forced;
    EXPECT_NE(forced.find("although the node cannot tell who is connected"), std::string::npos) << forced;
    facts = idle();
    facts.urgency.critical = true;
    EXPECT_EQ(decide(within("22:00-05:00"), facts, kNow).because,
              "not busy, although outside the time window 22:00-05:00 (a critical release does not wait for it)");
}

TEST(Decision, WhatEndsInsideAWindowButAfterItWaitsForTheNextOne) {
    Policy policy;
    policy.windows = {Window::parse("12:00-13:00").value()};
    auto facts = idle();
    facts.wait.postponed_until = kNow + 2h;
    EXPECT_EQ(decide(policy, facts, kNow).earliest, at("2026-06-16 12:00"));
}

TEST(Decision, GivesTheDeadlineAsTheEarliestTimeWhenThatComesFirst) {
    Policy policy;
    policy.windows = {Window::parse("sun 03:00-04:00").value()};
    policy.deadline = 3h;
    auto facts = idle();
    EXPECT_EQ(decide(policy, facts, kNow).earliest, kNow + 2h);
    facts.wait.held_until = kNow + 5h;
    EXPECT_EQ(decide(policy, facts, kNow).earliest, kNow + 5h);
}

TEST(Decision, TakesTheSoonestOfTheDeadlines) {
    Policy policy;
    auto facts = idle();
    EXPECT_FALSE(deadline_of(policy, facts));
    facts.urgency.deadline = 10h;
    EXPECT_EQ(deadline_of(policy, facts), facts.wait.discovered + 10h);
    policy.deadline = 5h;
    EXPECT_EQ(deadline_of(policy, facts), facts.wait.discovered + 5h);
    policy.critical_deadline = 2h;
    facts.urgency.critical = true;
    EXPECT_EQ(deadline_of(policy, facts), facts.wait.discovered + 2h);
}

TEST(Decision, ACriticalReleaseDoesNotWaitForAWindowButForAQuietMoment) {
    Policy policy;
    policy.windows = {Window::parse("22:00-05:00").value()};
    policy.slot = true;
    auto facts = idle();
    facts.slot = kNow + 5h;
    facts.urgency.critical = true;
    EXPECT_TRUE(decide(policy, facts, kNow).open);
    facts.readings.busy = Busy::yes;
    EXPECT_FALSE(decide(policy, facts, kNow).open);
    facts.readings.busy = Busy::no;
    policy.never_force = true;
    EXPECT_FALSE(decide(policy, facts, kNow).open);
}

TEST(Decision, AReleaseThatRestartsTheMachineAsksForEverybodyWhateverThePolicySays) {
    auto facts = idle();
    facts.urgency.restarts_machine = true;
    facts.readings.presence = Presence{.idle = 14min};
    EXPECT_FALSE(decide(Policy{}, facts, kNow).open);
    facts.readings.presence = Presence{.idle = 15min};
    EXPECT_TRUE(decide(Policy{}, facts, kNow).open);
    facts.readings.presence = Presence{.nobody = true};
    EXPECT_TRUE(decide(Policy{}, facts, kNow).open);
    facts.readings.inhibitors = std::vector<std::string>{"call"};
    EXPECT_FALSE(decide(Policy{}, facts, kNow).open);
}

TEST(Decision, AHoldStandsAboveEveryDeadlineAndEndsByItself) {
    Policy policy;
    policy.deadline = 1h;
    auto facts = idle();
    facts.wait.held_until = kNow + 100h;
    EXPECT_FALSE(decide(policy, facts, kNow + 99h).open);
    EXPECT_TRUE(decide(policy, facts, kNow + 100h).open);
    facts.running = false;
    EXPECT_FALSE(decide(policy, facts, kNow).open) << "a first install is held back too";
}

TEST(Decision, APostponementEndsAtTheDeadline) {
    Policy policy;
    policy.deadline = 2h;
    auto facts = idle();
    facts.wait.postponed_until = kNow + 10h;
    EXPECT_FALSE(decide(policy, facts, kNow + 59min).open);
    EXPECT_TRUE(decide(policy, facts, kNow + 1h).open);
}

TEST(Decision, WhoAsksForTonightIsLeftAloneUntilThenAndDisturbedThen) {
    auto policy = strict();
    auto facts = idle();
    facts.wait.agreed_from = kNow + 10h;
    facts.wait.agreed_until = kNow + 18h;
    EXPECT_FALSE(decide(policy, facts, kNow).open);
    facts.readings.presence = Presence{.idle = 0s};
    facts.readings.load = unknown("x");
    EXPECT_TRUE(decide(policy, facts, kNow + 10h).open);
    facts.readings.busy = Busy::yes;
    EXPECT_FALSE(decide(policy, facts, kNow + 10h).open) << "but no work is lost";
    EXPECT_FALSE(decide(policy, facts, kNow + 18h).open);
}

TEST(Decision, AsksForAQuietStretch) {
    auto policy = strict();
    policy.quiet = 5min;
    auto facts = idle();
    facts.quiet_for = 2min;
    auto const decision = decide(policy, facts, kNow);
    EXPECT_FALSE(decision.open);
    EXPECT_TRUE(decision.quiet());
    EXPECT_EQ(decision.earliest, kNow + 3min);
    facts.quiet_for = 5min;
    EXPECT_TRUE(decide(policy, facts, kNow).open);
}

TEST(Decision, WaitsForItsQuietHour) {
    Policy policy;
    auto facts = idle();
    facts.slot = kNow + 4h;
    EXPECT_TRUE(decide(policy, facts, kNow).open) << "only where the policy asks";
    policy.slot = true;
    EXPECT_EQ(decide(policy, facts, kNow).earliest, kNow + 4h);
    EXPECT_FALSE(decide(policy, facts, kNow).open);
    EXPECT_TRUE(decide(policy, facts, kNow + 4h).open);
}

TEST(Decision, StaysShutWhenTheNodesOwnNotesCannotBeRead) {
    auto facts = idle();
    facts.trouble = "disk I/O error";
    EXPECT_FALSE(decide(Policy{}, facts, kNow).open);
}

TEST(Decision, ListsEveryCheckInTheSameOrder) {
    std::vector<std::string> names;
    for (auto const& check : decide(Policy{}, idle(), kNow).checks) names.emplace_back(check.name);
    EXPECT_EQ(names, (std::vector<std::string>{"notes", "hold", "postponed", "tonight", "window", "slot", "busy",
                                               "connections", "user", "inhibitors", "commands", "load", "network",
                                               "battery", "quiet"}));
}

}  // namespace
}  // namespace lanyard::gate::decision_test
