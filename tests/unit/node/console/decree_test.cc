#include <gtest/gtest.h>

#include "node/console/policy_config.h"
#include "node/console/policy_desk.h"
#include "node/console/policy_test_file.h"
#include "node/gate/wait.h"
#include "tests/support/fake_senses.h"

namespace lanyard::console::decree_test {
namespace {

using namespace std::chrono_literals;

gate::TimePoint const kNow = gate::parse_time("2026-06-15 12:00", gate::Zone::utc()).value();

class DecreeTest : public testing::Test {
protected:
    DecreeTest() {
        for (auto const* name : {"demo", "mail"}) {
            auto const app = release::AppId::parse(name).value();
            config.apps.push_back({{app, release::Channel::parse("stable").value(), std::string("/srv/") + name}, ""});
            rules.policies[app] = gate::Policy{};
        }
    }

    v1::LocalResponse postpone(std::uint32_t minutes, std::string const& app = "") {
        v1::LocalRequest request;
        request.mutable_postpone()->set_app(app);
        request.mutable_postpone()->set_minutes(minutes);
        return decree(request, config, rules, memory, elsewhere, kNow);
    }
    v1::LocalResponse hold(std::uint32_t minutes, std::string const& app = "") {
        v1::LocalRequest request;
        request.mutable_hold()->set_app(app);
        request.mutable_hold()->set_minutes(minutes);
        return decree(request, config, rules, memory, elsewhere, kNow);
    }
    gate::Wait& wait(std::size_t number) { return memory.waits[config.apps[number].app.name]; }

    std::string running = "one";
    Elsewhere elsewhere{[](auto const&) { return gate::Urgency{}; }, [this](auto const&) { return running; }};
    NodeConfig config;
    gate::Rules rules;
    support::FakeMemory memory;
};

TEST_F(DecreeTest, PostponesWhatWaitsAndLeavesTheRestAlone) {
    wait(0) = gate::noticed({}, {}, "two", "one", kNow);
    auto const answer = postpone(120);
    EXPECT_EQ(answer.exit_code(), 0u);
    EXPECT_EQ(answer.message(), "demo: postponed until Mon 14:00; 1 of 3 times");
    EXPECT_EQ(wait(0).postponed_until, kNow + 2h);
    EXPECT_FALSE(wait(1).postponed_until);
}

TEST_F(DecreeTest, RefusesToPostponeWhatHasBeenInstalledMeanwhile) {
    wait(0) = gate::noticed({}, {}, "two", "one", kNow);
    running = "two";
    EXPECT_EQ(postpone(120, "demo").exit_code(), 3u);
    EXPECT_EQ(wait(0).postponements, 0u);
    EXPECT_EQ(hold(60, "demo").exit_code(), 0u);
}

TEST_F(DecreeTest, RefusesToPostponeNothing) {
    EXPECT_EQ(postpone(120).exit_code(), 3u);
    EXPECT_EQ(postpone(120, "demo").exit_code(), 3u);
    EXPECT_EQ(postpone(120, "nobody").exit_code(), 3u);
}

TEST_F(DecreeTest, RefusesTheFourthPostponementAndOneThatIsTooLong) {
    wait(0) = gate::noticed({}, {}, "two", "one", kNow);
    EXPECT_EQ(postpone(25 * 60, "demo").exit_code(), 2u);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(postpone(60, "demo").exit_code(), 0u);
    auto const refused = postpone(60, "demo");
    EXPECT_EQ(refused.exit_code(), 4u);
    EXPECT_NE(refused.message().find("has been postponed 3 times"), std::string::npos) << refused.message();
}

TEST_F(DecreeTest, HoldsEverythingAndReleasesIt) {
    EXPECT_EQ(hold(7 * 24 * 60).message(),
              "demo: held back until 2026-06-22 12:00\nmail: held back until 2026-06-22 12:00");
    EXPECT_EQ(hold(31 * 24 * 60).exit_code(), 2u);
    v1::LocalRequest request;
    request.mutable_unhold()->set_app("mail");
    EXPECT_EQ(decree(request, config, rules, memory, elsewhere, kNow).message(), "mail: not held back any more");
    EXPECT_TRUE(wait(0).held_until);
    EXPECT_FALSE(wait(1).held_until);
}

TEST_F(DecreeTest, SaysWhenTonightIs) {
    wait(0) = gate::noticed({}, {}, "two", "one", kNow);
    v1::LocalRequest request;
    request.mutable_postpone()->set_tonight(true);
    EXPECT_EQ(decree(request, config, rules, memory, elsewhere, kNow).message(),
              "demo: may be updated tonight, between Mon 22:00 and Tue 06:00, as soon as no work is lost");
}

TEST_F(DecreeTest, SaysThatTheNotesCannotBeWritten) {
    memory.failure = Error(std::make_error_code(std::errc::io_error), "the disk is gone");
    EXPECT_NE(hold(60).exit_code(), 0u);
}

std::string node_toml(std::string const& policy) {
    return "[seeder]\nurl = \"https://s\"\nroot_digest = \"sha256:" + std::string(64, 'a') +
           "\"\nca_digest = \"sha256:" + std::string(64, 'b') + "\"\n[node]\nid = \"" + std::string(32, 'a') +
           "\"\n[[app]]\nname = \"a\"\ndirectory = \"/a\"\n[app.policy]\n" + policy;
}

constexpr char const* kEveryKey = R"(windows = ["mon-fri 22:00-05:00", "sat,sun"]
zone = "Europe/Berlin"
connections = 0
user_idle_minutes = 10
inhibitors = true
commands = ["rsync"]
cpu_percent = 20
disk_percent = 30
network_kib_per_second = 1024
battery_percent = 40
quiet_minutes = 5
slot = true
deadline_hours = 72
grace_minutes = 90
critical_hours = 12
never_force = true
postponements = 5
postpone_hours = 8
)";

TEST(PolicySection, IsReadAndWrittenWithEveryKey) {
    auto const first = NodeConfig::parse(node_toml(kEveryKey), "node.toml");
    ASSERT_TRUE(first) << first.error().detail;
    auto const again = NodeConfig::parse(first->to_toml(), "node.toml");
    ASSERT_TRUE(again) << again.error().detail << first->to_toml();
    auto const rules = rules_of(*again).value();
    auto const& policy = rules.of(again->apps[0].app.name);
    ASSERT_EQ(policy.windows.size(), 2u);
    EXPECT_EQ(policy.most_network, 1024u);
    EXPECT_EQ(policy.windows[1].text(), "sat,sun");
    EXPECT_EQ(policy.zone.offset_at(kNow).ahead, 2h);
    EXPECT_EQ(policy.most_connections, 0u);
    EXPECT_EQ(policy.user_idle, 10min);
    EXPECT_TRUE(policy.inhibitors);
    EXPECT_EQ(policy.commands, std::vector<std::string>{"rsync"});
    EXPECT_EQ(policy.most_cpu, 20u);
    EXPECT_EQ(policy.most_disk, 30u);
    EXPECT_EQ(policy.least_battery, 40u);
    EXPECT_EQ(policy.quiet, 5min);
    EXPECT_TRUE(policy.slot);
    EXPECT_EQ(policy.deadline, 72h);
    EXPECT_EQ(policy.grace, 90min);
    EXPECT_EQ(policy.critical_deadline, 12h);
    EXPECT_TRUE(policy.never_force);
    EXPECT_EQ(policy.postponements, 5u);
    EXPECT_EQ(policy.longest_postponement, 8h);
}

TEST(PolicySection, MeansNothingButTheBusyLockWhenItIsEmpty) {
    auto const config = NodeConfig::parse(node_toml(""), "node.toml").value();
    auto const rules = rules_of(config).value();
    auto const& policy = rules.of(config.apps[0].app.name);
    EXPECT_TRUE(policy.windows.empty());
    EXPECT_FALSE(policy.deadline || policy.user_idle || policy.most_connections || policy.inhibitors);
    auto const again = NodeConfig::parse(config.to_toml(), "node.toml");
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(again->to_toml(), config.to_toml());
}

TEST(PolicySection, RefusesWhatIsWrongAndSaysWhere) {
    for (auto const& [text, says] : std::vector<std::pair<std::string, std::string>>{
             {"windows = [\"mo 22:00-05:00\"]\n", "node.toml:11: windows: 'mo 22:00-05:00'"},
             {"zone = \"Nowhere/Land\"\n", "node.toml:11: zone:"},
             {"zone = \"\"\n", "node.toml:11: zone:"},
             {"zone = \"../../etc/passwd\"\n", "node.toml:11: zone:"},
             {"user_idle_minutes = 0\n", "from 1 to"},
             {"cpu_percent = 101\n", "from 0 to 100"},
             {"commands = [\"/usr/bin/rsync\"]\n", "without a directory"},
             {"idle = 5\n", "unknown key 'idle'"},
             {"deadline_hours = \"3\"\n", "a whole number"}}) {
        auto const config = NodeConfig::parse(node_toml(text), "node.toml");
        ASSERT_FALSE(config) << text;
        EXPECT_NE(config.error().detail.find(says), std::string::npos) << config.error().detail;
    }
}

TEST(PolicyCase, ReadsEveryFact) {
    auto const made = parse_policy_case(R"(
running = true
critical = true
restarts_machine = true
release_deadline_hours = 24
discovered = "2026-06-14 12:00"
postponed_until = "2026-06-15 14:00"
agreed_from = "2026-06-15 22:00"
agreed_until = "2026-06-16 06:00"
held_until = "2026-06-20 12:00"
postponements = 2
busy = "yes"
connections = 3
user_idle_minutes = 43
inhibitors = ["Impress: presentation"]
commands = ["rsync"]
cpu_percent = 12
disk_percent = 3
network_kib_per_second = 700
battery_percent = 50
quiet_minutes = 7
slot = "2026-06-16 03:00"
[policy]
windows = ["22:00-05:00"]
)",
                                        "facts.toml", kNow, gate::Zone::utc());
    ASSERT_TRUE(made) << made.error().detail;
    auto const& facts = made->facts;
    EXPECT_EQ(facts.wait.discovered, kNow - 24h);
    EXPECT_EQ(facts.wait.held_until, kNow + 120h);
    EXPECT_EQ(facts.readings.busy, gate::Busy::yes);
    EXPECT_EQ(facts.readings.connections, 3u);
    EXPECT_EQ(facts.readings.presence->idle, 43min);
    EXPECT_EQ(facts.readings.load->cpu, 12u);
    EXPECT_EQ(facts.readings.traffic->bytes_per_second, 700u * 1024);
    EXPECT_TRUE(facts.readings.battery->discharging);
    EXPECT_EQ(facts.quiet_for, 7min);
    EXPECT_EQ(made->policy->windows.size(), 1u);
}

TEST(PolicyCase, IsAnIdleMachineWhenItSaysNothingAndBlindWhenItSaysSo) {
    auto const idle = parse_policy_case("user_idle_minutes = \"nobody\"\n", "f", kNow, gate::Zone::utc()).value();
    EXPECT_EQ(idle.facts.readings.busy, gate::Busy::no);
    EXPECT_TRUE(idle.facts.readings.presence->nobody);
    EXPECT_FALSE(idle.facts.readings.battery->discharging);
    EXPECT_EQ(idle.facts.wait.discovered, kNow);
    auto const blind = parse_policy_case(
                           "busy = \"unknown\"\nconnections = \"unknown\"\nuser_idle_minutes = \"unknown\"\n"
                           "inhibitors = \"unknown\"\ncommands = \"unknown\"\ncpu_percent = \"unknown\"\n"
                           "battery_percent = \"unknown\"\nnetwork_kib_per_second = \"unknown\"\n",
                           "f", kNow, gate::Zone::utc())
                           .value();
    auto const& readings = blind.facts.readings;
    EXPECT_EQ(readings.busy, gate::Busy::unknown);
    EXPECT_FALSE(readings.connections || readings.presence || readings.inhibitors || readings.commands ||
                 readings.load || readings.traffic || readings.battery);
}

TEST(PolicyCase, RefusesWhatIsWrongAsWrongUsage) {
    for (auto const* text : {"busy = \"maybe\"", "connections = -1", "discovered = \"yesterday\"", "conections = 1",
                             "[", "[policy]\nidle = 1"}) {
        auto const made = parse_policy_case(text, "facts.toml", kNow, gate::Zone::utc());
        ASSERT_FALSE(made) << text;
        EXPECT_EQ(kind_of(made.error().code), Kind::usage) << made.error().detail;
        EXPECT_NE(made.error().detail.find("facts.toml"), std::string::npos);
    }
}

}  // namespace
}  // namespace lanyard::console::decree_test
