#include "node/console/why.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "node/console/output.h"
#include "node/console/policy_desk.h"
#include "node/gate/wait.h"
#include "node/journal/seal.h"
#include "tests/support/fake_senses.h"
#include "tests/support/fake_time.h"
#include "tests/support/loop.h"
#include "tests/support/recorded_events.h"
#include "tests/support/sample_target.h"
#include "tests/support/scratch.h"

namespace lanyard::console::why_test {
namespace {

using namespace std::chrono_literals;
using gate::Policy;
using gate::TimePoint;
using gate::Window;

struct FakeChecker final : check::Checker {
    check::CheckOutcome outcome;
    asio::awaitable<Result<check::CheckOutcome>> check(std::chrono::seconds) override { co_return outcome; }
    void look_again() override {}
    std::optional<std::chrono::seconds> retry_after() const override { return std::nullopt; }
    void cancel() override {}
};

// One application with a release on offer, a real gate and desk, and everything else made up.
class House {
public:
    House() {
        policy.zone = gate::Zone::utc();
        auto message = support::sample_message("demo", "2.0.0", 2);
        offer = {support::sample_target(message), support::sample_target("demo", "1.0.0", 1), "/srv/demo"};
        config.apps.push_back({{offer.target.app, offer.target.channel, "/srv/demo"}, ""});
    }

    // What `lanyard-node why` prints.
    std::string why() {
        v1::LocalRequest request;
        request.mutable_why();
        return ask(request);
    }

    // What `lanyard-node update --dry-run` prints. The desk hears nothing of what is found.
    std::string dry_run() {
        on_offer = false;
        v1::LocalRequest request;
        request.mutable_why()->set_ask_first(true);
        return ask(request);
    }

    std::string ask(v1::LocalRequest const& request) {
        rules.policies.insert_or_assign(offer.target.app, policy);
        gate::IdleGate gate({time, senses, memory, events}, rules, {time.wall_clock(), time.steady_clock()});
        asio::io_context io;
        Desk desk(io, config, checker, records, gate, events);
        Error const silence(std::make_error_code(std::errc::timed_out), failure);
        desk.heard(failure.empty() ? nullptr : &silence, time.wall_clock()().time_since_epoch().count());
        if (on_offer) {
            check::Finding finding{config.apps[0].app, offer, offer.running, offer.target, held_back};
            if (!held_back.empty()) finding.offer.reset();
            check::CheckOutcome outcome;
            outcome.findings.push_back(finding);
            desk.dispatch(outcome);
        }
        PolicyDesk policy_desk({config, desk, checker, records, gate, memory, rules, time.wall_clock(), [] {}});
        answer = support::run(io, policy_desk.answer(request));
        return to_text(answer.why());
    }

    TimePoint now() { return time.wall_clock()(); }
    gate::Wait& wait() { return memory.waits[offer.target.app]; }
    v1::AppWhy const& app() const { return answer.why().apps(0); }

    support::FakeTime time;  // a Monday, noon
    support::FakeSenses senses;
    support::FakeMemory memory;
    support::RecordedEvents events;
    FakeChecker checker;
    support::Scratch scratch;
    std::array<std::string_view, 3> migrations{journal::journal_schema(), journal::sequence_schema(),
                                               journal::seal_schema()};
    store::Database database = store::Database::open(scratch / "node.db", migrations).value();
    journal::Records records{database, std::chrono::system_clock::now};
    NodeConfig config;
    Policy policy;
    gate::Rules rules;
    check::Offer offer = {support::sample_target("demo", "2.0.0", 2), std::nullopt, {}};
    bool on_offer = true;
    std::string failure;
    std::string held_back;
    v1::LocalResponse answer;
};

struct Situation {
    char const* name;
    std::function<void(House&)> given;
    char const* state;
    std::vector<std::string> says;
};

class Why : public testing::TestWithParam<Situation> {};

TEST_P(Why, IsToldInWordsThatAnOfficeManagerUnderstands) {
    House house;
    GetParam().given(house);
    auto const text = house.why();
    EXPECT_EQ(house.app().state(), GetParam().state) << text;
    for (auto const& words : GetParam().says) EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
}

void noticed_before(House& house, std::chrono::hours span) {
    house.wait() = gate::noticed({}, {}, house.offer.target.sha256.to_hex(), house.offer.running->sha256.to_hex(),
                                 house.now() - span);
}

INSTANTIATE_TEST_SUITE_P(
    , Why,
    testing::Values(
        Situation{"NothingIsInTheWay", [](House&) {}, "allowed", {"demo none -> 2.0.0", "it may be updated: not busy"}},
        Situation{
            "NothingIsOnOffer", [](House& h) { h.on_offer = false; }, "up_to_date", {"nothing newer is on offer"}},
        Situation{"TheSeederIsSilent",
                  [](House& h) {
                      h.on_offer = false;
                      h.failure = "the seeder does not answer";
                  },
                  "unknown",
                  {"the seeder has not answered yet: the seeder does not answer"}},
        Situation{"ItIsInQuarantine",
                  [](House& h) { h.held_back = "it was rolled back: port 80 stayed closed"; },
                  "held_back",
                  {"it is not taken: it was rolled back: port 80 stayed closed"}},
        Situation{"TheApplicationIsBusy",
                  [](House& h) { h.senses.now.busy = gate::Busy::yes; },
                  "waiting",
                  {"it waits: the application says that it is busy", "-> let it finish what it is doing"}},
        Situation{"TheBusyLockIsADirectory",
                  [](House& h) { h.senses.now.busy = gate::Busy::unknown; },
                  "waiting",
                  {"cannot tell whether the application is busy", "NO ?", "-> make busy.lock"}},
        Situation{"TheWindowIsShut",
                  [](House& h) { h.policy.windows = {Window::parse("mon-fri 22:00-05:00").value()}; },
                  "waiting",
                  {"outside the time window mon-fri 22:00-05:00", "wait until it opens, Mon 22:00 (in 10 h)"}},
        Situation{"PeopleAreConnected",
                  [](House& h) {
                      h.policy.most_connections = 0;
                      h.senses.now.connections = 2u;
                  },
                  "waiting",
                  {"2 connections to the application are open; at most 0 are allowed", "[/proc/net/tcp, tcp6]"}},
        Situation{"SomebodyIsTyping",
                  [](House& h) {
                      h.policy.user_idle = 10min;
                      h.senses.now.presence = gate::Presence{.idle = 4min};
                  },
                  "waiting",
                  {"somebody used this machine 4 min ago", "-> leave the machine alone for 6 min more", "(in 6 min)"}},
        Situation{"NobodyKnowsWhetherSomebodyIsThere",
                  [](House& h) {
                      h.policy.user_idle = 10min;
                      h.senses.now.presence = gate::unknown("systemd-logind does not answer");
                  },
                  "waiting",
                  {"cannot tell whether somebody uses this machine: systemd-logind does not answer"}},
        Situation{"APresentationIsGoingOn",
                  [](House& h) {
                      h.policy.inhibitors = true;
                      h.senses.now.inhibitors = std::vector<std::string>{"Impress: presentation"};
                  },
                  "waiting",
                  {"the machine must stay awake for Impress: presentation", "-> end the presentation"}},
        Situation{"ABackupIsRunning",
                  [](House& h) {
                      h.policy.commands = {"rsync", "tar"};
                      h.senses.now.commands = std::vector<std::string>{"rsync"};
                  },
                  "waiting",
                  {"rsync is running", "-> wait until rsync has ended"}},
        Situation{"TheMachineIsWorkingHard",
                  [](House& h) {
                      h.policy.most_cpu = 20;
                      h.senses.now.load = gate::Load{.cpu = 64, .disk = 0};
                  },
                  "waiting",
                  {"programs had to wait for the processor in 64 % of the last minute",
                   "-> wait until the machine has less to do"}},
        Situation{"TheNetworkIsBusy",
                  [](House& h) {
                      h.policy.most_network = 1024;
                      h.senses.now.traffic = gate::Traffic{3 * 1024 * 1024};
                  },
                  "waiting",
                  {"the network carries 3072 KiB/s for others; at most 1024 KiB/s is allowed",
                   "-> wait until the download, call or backup that fills it is over"}},
        Situation{"TheBatteryIsLow",
                  [](House& h) {
                      h.policy.least_battery = 40;
                      h.senses.now.battery = gate::Battery{true, 12};
                  },
                  "waiting",
                  {"the battery is at 12 %; it must be at 40 % or more", "-> plug the machine in"}},
        Situation{"ItMustBeQuietForAWhile",
                  [](House& h) { h.policy.quiet = 5min; },
                  "waiting",
                  {"-> it must stay quiet for 5 min more"}},
        Situation{"ItsQuietHourIsAtNight",
                  [](House& h) {
                      h.policy.slot = true;
                      h.policy.windows = {Window::parse("22:00-05:00").value()};
                  },
                  "waiting",
                  {"the quiet hour picked for this node begins"}},
        Situation{"SomebodyPostponedIt",
                  [](House& h) {
                      noticed_before(h, 1h);
                      h.wait() = gate::postponed(h.wait(), h.policy, {}, 2h, h.now()).value();
                  },
                  "waiting",
                  {"a person postponed it until Mon 14:00 (in 2 h)", "1 of 3 times", "lanyard-node update --now"}},
        Situation{"AnOperatorHoldsItBack",
                  [](House& h) { h.wait() = gate::held({}, 48h, h.now()).value(); },
                  "waiting",
                  {"an operator holds updates back until Wed 12:00 (in 2 days)", "-> lanyard-node unhold"}},
        Situation{"SomebodyAskedForTonight",
                  [](House& h) {
                      noticed_before(h, 1h);
                      h.wait() = gate::agreed_to_tonight(h.wait(), h.policy, h.now()).value();
                  },
                  "waiting",
                  {"a person asked for tonight, from Mon 22:00 (in 10 h) on"}},
        Situation{
            "ItsDeadlineHasPassedButWorkWouldBeLost",
            [](House& h) {
                noticed_before(h, 30h);
                h.policy.deadline = 30h;
                h.policy.user_idle = 10min;
                h.senses.now.presence = gate::Presence{.idle = 0s};
                h.senses.now.busy = gate::Busy::yes;
            },
            "waiting",
            {"it waits: the application says that it is busy", "(no)", "its deadline is over", "forced", "(in 1 h)"}},
        Situation{"ItsDeadlineAndTheGraceAreOver",
                  [](House& h) {
                      noticed_before(h, 40h);
                      h.wait().seen = h.now() - 1h;  // the node was there all the time
                      h.policy.deadline = 30h;
                      h.senses.now.busy = gate::Busy::yes;
                  },
                  "allowed",
                  {"it may be updated: its deadline", "its deadline and the grace are over"}},
        Situation{
            "TheNodesOwnNotesCannotBeRead",
            [](House& h) { h.memory.failure = Error(std::make_error_code(std::errc::io_error), "the disk is gone"); },
            "waiting",
            {"the node cannot read what people have decided: the disk is gone"}},
        Situation{"SeveralThingsAtOnce",
                  [](House& h) {
                      h.policy.windows = {Window::parse("22:00-05:00").value()};
                      h.senses.now.busy = gate::Busy::yes;
                  },
                  "waiting",
                  {"it waits: outside the time window 22:00-05:00; the application says that it is busy"}}),
    [](auto const& instance) { return instance.param.name; });

TEST(WhyWithoutANode, SaysThatNoneRunsAndWhatHappenedLast) {
    House house;
    auto const why = why_on_disk(house.config, house.records, "");
    ASSERT_TRUE(why);
    EXPECT_NE(to_text(*why).find("no node is running here, so nothing is updated"), std::string::npos);
    EXPECT_FALSE(why_on_disk(house.config, house.records, "other"));
}

TEST(WhyItWasApplied, IsToldFromTheReport) {
    v1::WhyResult result;
    auto& app = *result.add_apps();
    app.set_app("demo");
    app.mutable_last()->set_to_version("2.0.0");
    app.mutable_last()->set_outcome(v1::OUTCOME_COMMITTED);
    app.mutable_last()->set_passed_at(1'780'000'000);
    app.mutable_last()->set_passed_because("nobody at the machine for 43 min, window 22:00-05:00 open, 0 connections");
    auto const text = to_text(result);
    EXPECT_NE(text.find("last time: 2.0.0 updated at"), std::string::npos) << text;
    EXPECT_NE(text.find("nobody at the machine for 43 min, window 22:00-05:00 open, 0 connections"), std::string::npos);
}

TEST(WhyText, BearsWhateverANodeSays) {
    v1::WhyResult result;
    auto& app = *result.add_apps();
    app.set_app("a\x1b[2J");
    app.set_at(std::numeric_limits<std::int64_t>::min());
    app.set_deadline(std::numeric_limits<std::int64_t>::max());
    app.add_checks()->set_name("\n\x07");
    app.mutable_checks(0)->set_source("\x7f");
    auto const text = to_text(result);
    EXPECT_EQ(text.find_first_of("\x1b\x07\x7f"), std::string::npos) << text;
    EXPECT_NE(text.find("a time that makes no sense"), std::string::npos) << text;
}

TEST(DryRun, TellsWhyWhatIsOnOfferIsNotBelieved) {
    House house;
    Error const forged(std::make_error_code(std::errc::permission_denied), "the signature of targets does not hold");
    house.checker.outcome.refused.push_back({house.offer.target.app, forged});
    auto const text = house.dry_run();
    EXPECT_EQ(house.app().state(), "held_back");
    EXPECT_NE(text.find("what is on offer is not taken: the signature of targets does not hold"), std::string::npos);
}

TEST(DryRun, TellsWhatIsOnOfferAndPassesNothingOn) {
    House house;
    check::Finding const finding{house.config.apps[0].app, house.offer, house.offer.running, house.offer.target, ""};
    house.checker.outcome.findings.push_back(finding);
    house.dry_run();
    EXPECT_EQ(house.app().to_version(), "2.0.0");
    EXPECT_EQ(house.app().state(), "allowed");
    EXPECT_TRUE(house.wait().package.empty());
}

}  // namespace
}  // namespace lanyard::console::why_test
