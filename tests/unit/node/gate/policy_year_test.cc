// A simulated year of many nodes, each with a policy, habits and people of its own, drawn from a seed. Every look of
// every node is held against rules that are written down here a second time, in the plainest way.
//
// Each node is looked at every one and a half days on average, which takes some seconds. The larger form:
// LANYARD_POLICY_MINUTES=74 looks every 37 minutes on average; LANYARD_POLICY_NODES=N simulates N nodes instead of
// 1,000, LANYARD_POLICY_SEED another fleet.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "node/gate/decision.h"
#include "node/gate/forecast.h"
#include "node/gate/wait.h"

namespace lanyard::gate::policy_year_test {
namespace {

using namespace std::chrono_literals;
using std::chrono::hours;
using std::chrono::minutes;

TimePoint const kNewYear = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
constexpr hours kYear{365 * 24};

enum class Habit { office, always_busy, always_idle, blind };

unsigned from_environment(char const* name, unsigned otherwise) {
    auto const* const text = std::getenv(name);
    return text ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : otherwise;
}

class Node {
public:
    Node(std::uint64_t seed, unsigned number) : random_(seed * 1'000'003 + number), habit_(Habit(pick(4))) {
        auto const* const zones =
            std::array{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo"}[pick(4)];
        policy_.zone = Zone::named(zones).value();
        for (auto const* text : {"22:00-05:00", "sat,sun", "02:10-02:50", "mon-fri 12:00-13:00"}) {
            if (chance(30)) policy_.windows.push_back(Window::parse(text).value());
        }
        if (chance(50)) policy_.user_idle = minutes(1 + pick(60));
        if (chance(40)) policy_.most_connections = pick(3);
        if (chance(30)) policy_.inhibitors = true;
        if (chance(30)) policy_.most_cpu = 10 + pick(50);
        if (chance(30)) policy_.least_battery = 20 + pick(50);
        if (chance(60)) policy_.deadline = hours(1 + pick(14 * 24));
        policy_.grace = minutes(pick(24 * 60));
        policy_.never_force = chance(20);
        policy_.slot = chance(10);
        policy_.postponements = pick(4);
    }

    void live() {
        auto const longest = from_environment("LANYARD_POLICY_MINUTES", 72 * 60);
        for (auto real = kNewYear; real < kNewYear + kYear; real += minutes(1 + pick(longest))) {
            // Somebody sets the clock, or a battery is empty: it goes back by up to a day, or forward by up to two.
            if (chance_in(40)) shift_ += minutes(static_cast<int>(pick(3 * 24 * 60)) - 24 * 60);
            look(real + shift_);
            if (testing::Test::HasFailure()) return;
        }
    }

    unsigned installed = 0;
    unsigned forced = 0;

private:
    unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }
    bool chance(unsigned percent) { return pick(100) < percent; }
    bool chance_in(unsigned times) { return pick(times) == 0; }

    void look(TimePoint now) {
        if (!on_offer_ && chance_in(10)) begin_offer();
        if (!on_offer_) return;
        auto const before = facts_.wait.package.empty() ? std::nullopt : deadline();
        if (chance_in(20)) {  // a newer one takes its place
            package_ += "'";
            draw_urgency();
        }
        // Most nodes note something every hour, and were not away since the last look.
        bool const went_on = !facts_.wait.package.empty() && facts_.wait.seen < now && chance(70);
        if (went_on) facts_.wait.seen = std::max(facts_.wait.seen, now - minutes(pick(120)));
        facts_.wait = noticed(facts_.wait, facts_.urgency, package_, running_, now);
        ASSERT_LE(facts_.wait.discovered, now);
        if (!before && !policy_.deadline && deadline()) {
            ASSERT_GE(*deadline(), now + 1h) << "a deadline that was over when it was heard of";
        }
        people_speak(now);
        facts_.readings = sense(now);
        facts_.slot.reset();
        if (policy_.slot) {
            auto const slot = forecast(History{}, policy_, now, limit(), random_share_);
            if (slot) facts_.slot = slot->from;
        }
        auto const decision = decide(policy_, facts_, now);
        judge(decision, now);
        if (!decision.open) return;
        ++installed;
        if (decision.stage == Stage::grace_over) ++forced;
        on_offer_ = false;
        running_ = package_;
    }

    void begin_offer() {
        on_offer_ = true;
        package_ = "release " + std::to_string(installed + 1);
        draw_urgency();
    }

    void draw_urgency() {
        facts_.urgency = {.critical = chance(10), .restarts_machine = chance(5)};
        if (chance(20)) facts_.urgency.deadline = hours(1 + pick(200));
    }

    void people_speak(TimePoint now) {
        auto& wait = facts_.wait;
        if (chance_in(4)) {
            if (auto later = postponed(wait, policy_, facts_.urgency, minutes(1 + pick(24 * 60)), now)) wait = *later;
        }
        if (chance_in(10)) {
            if (auto night = agreed_to_tonight(wait, policy_, now)) wait = *night;
        }
        if (chance_in(20)) wait = held(wait, hours(1 + pick(100)), now).value();
        ASSERT_LE(wait.postponements, policy_.postponements);
    }

    bool busy_hour(TimePoint now) const {
        auto const hour = hour_of_week(now, policy_.zone);
        return hour < 120 && hour % 24 >= 8 && hour % 24 < 18;
    }

    Readings sense(TimePoint now) {
        Readings readings;
        bool const busy = habit_ == Habit::always_busy || (habit_ == Habit::office && busy_hour(now) && chance(90));
        readings.busy = busy && chance(50) ? Busy::yes : Busy::no;
        readings.connections = busy ? 1 + pick(5) : 0;
        readings.presence = Presence{.idle = busy ? 0s : 60s * static_cast<int>(pick(120))};
        readings.inhibitors = std::vector<std::string>(busy && chance(30) ? 1 : 0, "a call");
        readings.load = Load{busy ? pick(100) : pick(15), 0};
        readings.battery = Battery{busy && chance(10), pick(101)};
        if (habit_ == Habit::always_idle) readings.presence = Presence{.nobody = true};
        bool const blind = habit_ == Habit::blind;
        if (blind || chance(2)) readings.busy = Busy::unknown;
        if (blind || chance(2)) readings.connections = unknown("blind");
        if (blind || chance(2)) readings.presence = unknown("blind");
        if (blind || chance(2)) readings.inhibitors = unknown("blind");
        if (blind || chance(2)) readings.load = unknown("blind");
        if (blind || chance(2)) readings.battery = unknown("blind");
        return readings;
    }

    TimePoint limit() const {
        auto const week = facts_.wait.discovered + kFarthestSlot;
        return std::min(week, deadline().value_or(week));
    }

    std::optional<TimePoint> deadline() const {
        if (policy_.never_force) return std::nullopt;
        auto const& wait = facts_.wait;
        std::optional<TimePoint> due = wait.release_due;
        if (policy_.deadline && (!due || wait.discovered + *policy_.deadline < *due)) {
            due = wait.discovered + *policy_.deadline;
        }
        if (wait.critical_since && (!due || *wait.critical_since + 24h < *due)) due = *wait.critical_since + 24h;
        bool const asleep_then = due && wait.back && *wait.left <= *due && *wait.back > *due;
        return asleep_then ? *wait.back + policy_.grace : due;
    }

    // Minute by minute, without the code under test.
    bool in_window(TimePoint now) const {
        if (policy_.windows.empty()) return true;
        auto const local = now.time_since_epoch() + policy_.zone.offset_at(now).ahead;
        auto const minute = (std::chrono::floor<minutes>(local).count() + 3 * 24 * 60) % (7 * 24 * 60);
        for (auto const& window : policy_.windows) {
            for (int day = 0; day < 7; ++day) {
                if ((window.days >> day & 1u) == 0) continue;
                auto const begin = day * 24 * 60 + window.from.count();
                auto end = day * 24 * 60 + window.to.count();
                if (end <= begin) end += 24 * 60;
                if ((begin <= minute && minute < end) || minute + 7 * 24 * 60 < end) return true;
            }
        }
        return false;
    }

    bool work_is_lost() const {
        auto const& is = facts_.readings;
        if (is.busy != Busy::no) return true;
        if (policy_.most_connections && (!is.connections || *is.connections > *policy_.most_connections)) return true;
        bool const restarts = facts_.urgency.restarts_machine;
        if ((policy_.inhibitors || restarts) && (!is.inhibitors || !is.inhibitors->empty())) return true;
        if (policy_.least_battery &&
            (!is.battery || (is.battery->discharging && is.battery->percent < *policy_.least_battery))) {
            return true;
        }
        return restarts && user_there();
    }

    bool user_there() const {
        auto const& presence = facts_.readings.presence;
        auto asked = policy_.user_idle.value_or(0min);
        if (facts_.urgency.restarts_machine) asked = std::max(asked, 15min);
        return !presence || (!presence->nobody && presence->idle < asked);
    }

    bool discomfort(TimePoint now) const {
        auto const& wait = facts_.wait;
        if (wait.agreed_from && *wait.agreed_from <= now && now < *wait.agreed_until) return false;
        if (wait.agreed_from && now < *wait.agreed_from) return true;
        if (wait.postponed_until && now < *wait.postponed_until) return true;
        bool const urgent = facts_.urgency.critical && !policy_.never_force;
        if (!urgent && (!in_window(now) || (facts_.slot && now < *facts_.slot))) return true;
        if (policy_.user_idle && user_there()) return true;
        auto const& load = facts_.readings.load;
        return policy_.most_cpu && (!load || load->cpu > *policy_.most_cpu);
    }

    void judge(Decision const& decision, TimePoint now) const {
        auto const due = deadline();
        bool const passed = due && now >= *due;
        bool const over = due && now >= *due + policy_.grace;
        bool const held_back = facts_.wait.held_until && now < *facts_.wait.held_until;
        bool const open = !held_back && (over || (!work_is_lost() && (passed || !discomfort(now))));
        ASSERT_EQ(decision.open, open) << now.time_since_epoch().count() << " " << decision.because;
        ASSERT_EQ(decision.open, decision.reasons.empty());
        ASSERT_GE(decision.earliest, now);
        if (decision.open) {
            ASSERT_EQ(decision.earliest, now);
        }
        if (due && !held_back) {
            ASSERT_LE(decision.earliest, std::max(now, *due + policy_.grace));
        }
        // An unknown sensor never opens; a deadline may, and says so.
        for (auto const& check : decision.checks) {
            if (check.unknown) {
                ASSERT_FALSE(decision.open) << check.name;
            }
        }
        if (habit_ == Habit::blind && decision.open) {
            ASSERT_EQ(decision.stage, Stage::grace_over);
        }
        if (policy_.never_force) {
            ASSERT_EQ(decision.stage, Stage::at_leisure);
        }
    }

    std::mt19937_64 random_;
    Habit habit_;
    Policy policy_;
    Facts facts_;
    std::uint64_t random_share_ = random_();
    minutes shift_{0};
    bool on_offer_ = false;
    std::string package_;
    std::string running_ = "release 0";
};

TEST(PolicyOverAYear, KeepsToItsRulesOnEveryNode) {
    auto const nodes = from_environment("LANYARD_POLICY_NODES", 1'000);
    auto const seed = from_environment("LANYARD_POLICY_SEED", 2026);
    unsigned installed = 0;
    unsigned forced = 0;
    for (unsigned number = 0; number < nodes && !HasFailure(); ++number) {
        SCOPED_TRACE("node " + std::to_string(number) + " of seed " + std::to_string(seed));
        Node node(seed, number);
        node.live();
        installed += node.installed;
        forced += node.forced;
    }
    RecordProperty("installed", static_cast<int>(installed));
    RecordProperty("forced", static_cast<int>(forced));
    EXPECT_GT(installed, nodes);
    EXPECT_GT(forced, 0u);
    EXPECT_LT(forced, installed);
}

// The looks above are too far apart for what happens in single minutes of the nights that change the clock.
class NightThatChangesTheClock : public testing::TestWithParam<std::chrono::sys_days> {};

TEST_P(NightThatChangesTheClock, OpensInTheMinutesThatTheWallClockShowsAndInNoOther) {
    Policy policy;
    policy.zone = Zone::named("Europe/Berlin").value();
    policy.windows = {Window::parse("sat 23:30-02:30").value(), Window::parse("sun 02:45-03:15").value()};
    Facts facts;
    facts.readings.busy = Busy::no;
    for (auto now = TimePoint(GetParam()) - 3h; now < TimePoint(GetParam()) + 4h; now += 1min) {
        auto const local = TimePoint(now.time_since_epoch() + policy.zone.offset_at(now).ahead);
        auto const since_sunday = local - GetParam();
        bool const shown =
            (since_sunday >= -30min && since_sunday < 150min) || (since_sunday >= 165min && since_sunday < 195min);
        ASSERT_EQ(decide(policy, facts, now).open, shown) << since_sunday.count();
    }
}

INSTANTIATE_TEST_SUITE_P(, NightThatChangesTheClock,
                         testing::Values(std::chrono::sys_days(std::chrono::year(2026) / 3 / 29),
                                         std::chrono::sys_days(std::chrono::year(2026) / 10 / 25)));

}  // namespace
}  // namespace lanyard::gate::policy_year_test
