// The node is killed, and started again.
#include <gtest/gtest.h>

#include "node/update/pipeline.h"
#include "tests/support/fake_house.h"
#include "tests/support/fake_processes.h"
#include "tests/support/fake_time.h"
#include "tests/support/loop.h"
#include "tests/support/recorded_events.h"
#include "tests/support/sample_target.h"

namespace lanyard::update {
namespace {

using journal::Phase;
using Steps = std::vector<std::string>;

// A machine with an application at 1.0.0 that is on its way to 2.0.0.
class Machine {
public:
    explicit Machine(bool healthy, bool first_install = false) {
        if (!healthy) house.unhealthy.insert("2.0.0");
        if (first_install) {
            offer.running.reset();
        } else {
            house.on_disk = house.runs = "1.0.0";
            house.versions = {"1.0.0"};
        }
    }

    // Walks, or goes on with the walk that was interrupted. Nothing: the node was killed at step `killed_at`.
    std::optional<Ended> walk(std::optional<std::size_t> killed_at = std::nullopt) {
        house.restart();
        house.killed_at = killed_at;
        support::FakeTime time;
        support::FakePorts ports;
        drain::Downtime downtime(ports, time.steady_clock());
        Pipeline pipeline(Rooms{house, house, house, house, house, house, house}, downtime, events);
        auto const unfinished = house.under_way;
        try {
            if (!unfinished) return support::run(io_, pipeline.walk(offer));
            return support::run(io_, pipeline.resume(*unfinished));
        } catch (support::Killed const&) {
            return std::nullopt;
        }
    }

    // How many steps a whole walk has.
    static std::size_t length(bool healthy, bool first_install) {
        Machine machine(healthy, first_install);
        machine.walk();
        return machine.house.steps.size();
    }

    check::Offer offer{support::sample_target("demo", "2.0.0", 2), support::sample_target("demo", "1.0.0", 1),
                       "/srv/demo"};
    support::FakeHouse house;
    support::RecordedEvents events;

private:
    asio::io_context io_;
};

struct Interrupted {
    char const* name;
    char const* last;  // the last step before the node is killed; the machine goes on
    bool healthy;
    Steps after;  // the rooms that are entered when the walk goes on
    char const* current;
};

class InterruptedWalk : public testing::TestWithParam<Interrupted> {};

TEST_P(InterruptedWalk, GoesOnWhereItIsSafe) {
    auto const& given = GetParam();
    Machine machine(given.healthy);
    std::size_t steps = 0;
    bool seen = false;
    {
        Machine rehearsal(given.healthy);
        rehearsal.walk();
        for (; steps < rehearsal.house.steps.size() && !seen; ++steps)
            seen = rehearsal.house.steps[steps] == given.last;
    }
    ASSERT_TRUE(seen) << given.last;
    ASSERT_EQ(machine.walk(steps), std::nullopt);
    ASSERT_TRUE(machine.house.under_way);
    EXPECT_EQ(machine.walk(), given.healthy ? Ended::committed : Ended::rolled_back);
    EXPECT_EQ(machine.house.walked(), given.after);
    EXPECT_EQ(machine.house.on_disk, given.current);
    EXPECT_EQ(machine.house.runs, given.current);
    EXPECT_EQ(machine.house.reports.size(), 1u);
    EXPECT_EQ(machine.events.count("attempt.resumed"), 1);
}

Steps operator+(Steps one, Steps const& other) {
    one.insert(one.end(), other.begin(), other.end());
    return one;
}

Steps const kFromFetch{"fetch", "stage", "gate", "stop 1.0.0", "switch to 2.0.0", "start 2.0.0", "probe 2.0.0"};
Steps const kOldRuns{"start 1.0.0", "probe 1.0.0"};
Steps const kTrial{"start 2.0.0", "probe 2.0.0"};
Steps const kBack{"switch back", "start 1.0.0", "probe 1.0.0"};

INSTANTIATE_TEST_SUITE_P(
    , InterruptedWalk,
    testing::Values(
        Interrupted{"BeforeItFetches", "begin", true, kFromFetch, "2.0.0"},
        Interrupted{"InFetch", "enter fetch", true, kFromFetch, "2.0.0"},
        Interrupted{"InStage", "enter stage", true, kFromFetch, "2.0.0"},
        Interrupted{"StagedButNotWritten", "stage", true, kFromFetch, "2.0.0"},
        Interrupted{"InWaitIdle", "enter wait_idle", true, kFromFetch, "2.0.0"},
        Interrupted{"InDrainBeforeTheStop", "enter drain", true, kOldRuns + kFromFetch, "2.0.0"},
        Interrupted{"InDrainAfterTheStop", "stop 1.0.0", true, kOldRuns + kFromFetch, "2.0.0"},
        Interrupted{"InApplyBeforeTheSwitch", "enter apply", true, kOldRuns + kFromFetch, "2.0.0"},
        Interrupted{"InApplyAfterTheSwitch", "switch to 2.0.0", true, kTrial, "2.0.0"},
        Interrupted{"InProbeBeforeTheStart", "count_start", true, kTrial, "2.0.0"},
        Interrupted{"InProbeAfterTheStart", "start 2.0.0", true, kTrial, "2.0.0"},
        Interrupted{"InProbeOfAnUnhealthyRelease", "start 2.0.0", false, kTrial + Steps{"stop 2.0.0"} + kBack, "1.0.0"},
        Interrupted{"InCommit", "enter commit", true, {}, "2.0.0"},
        Interrupted{"InRollBackBeforeTheStop", "enter roll_back", false, Steps{"stop 2.0.0"} + kBack, "1.0.0"},
        Interrupted{"InRollBackAfterTheSwitch", "switch back", false, kBack, "1.0.0"},
        Interrupted{"InRollBackAfterTheStart", "start 1.0.0", false, kBack, "1.0.0"}),
    [](auto const& instance) { return instance.param.name; });

void expect_settled(Machine const& machine, bool healthy, bool first_install, std::string const& when) {
    SCOPED_TRACE(when);
    std::optional<std::string> expected;
    if (healthy) {
        expected = "2.0.0";
    } else if (!first_install) {
        expected = "1.0.0";
    }
    EXPECT_EQ(machine.house.on_disk, expected);
    EXPECT_EQ(machine.house.runs, expected);
    EXPECT_FALSE(machine.house.under_way);
    EXPECT_FALSE(machine.house.staged);
    EXPECT_EQ(machine.house.reports.size(), 1u);
}

class KilledAtEveryStep : public testing::TestWithParam<std::pair<bool, bool>> {
protected:
    bool healthy = GetParam().first;
    bool first_install = GetParam().second;
    std::size_t steps = Machine::length(healthy, first_install);
};

TEST_P(KilledAtEveryStep, TheWalkEndsAsIfNothingHadHappened) {
    for (std::size_t at = 0; at < steps; ++at) {
        Machine machine(healthy, first_install);
        ASSERT_EQ(machine.walk(at), std::nullopt);
        EXPECT_NE(machine.walk(), Ended::failed);
        expect_settled(machine, healthy, first_install, "killed at step " + std::to_string(at));
    }
}

// Some hundred walks: longer than a unit test should take, but no pair of steps is left out.
TEST_P(KilledAtEveryStep, AndAgainWhileItGoesOn) {
    for (std::size_t at = 0; at < steps; ++at) {
        for (std::size_t again = 0; again < steps; ++again) {
            Machine machine(healthy, first_install);
            machine.walk(at);
            machine.walk(again);
            if (machine.house.reports.empty()) machine.walk();
            expect_settled(machine, healthy, first_install,
                           "killed at steps " + std::to_string(at) + " and " + std::to_string(again));
        }
    }
}

INSTANTIATE_TEST_SUITE_P(, KilledAtEveryStep,
                         testing::Values(std::pair(true, false), std::pair(false, false), std::pair(true, true),
                                         std::pair(false, true)),
                         [](auto const& instance) {
                             return std::string(instance.param.first ? "Healthy" : "Unhealthy") +
                                    (instance.param.second ? "FirstInstall" : "Update");
                         });

TEST(CrashLoop, RollsBackAReleaseThatKillsTheNodeAtEachOfThreeStarts) {
    Machine machine(true);
    machine.house.on_step = [&](std::string const& step) {
        if (step == "start 2.0.0") machine.house.killed_at = machine.house.steps.size();
    };
    for (int start = 0; start < 3; ++start) ASSERT_EQ(machine.walk(), std::nullopt) << start;
    EXPECT_EQ(machine.walk(), Ended::rolled_back);
    EXPECT_EQ(machine.house.walked(), Steps{"stop 2.0.0"} + kBack);
    EXPECT_EQ(machine.house.runs, "1.0.0");
    EXPECT_NE(machine.house.reports[0].detail().find("started 3 times"), std::string::npos);
}

TEST(CrashLoop, GivesUpWhenStoppingTheApplicationKillsTheNodeThreeTimes) {
    Machine machine(true);
    machine.house.on_step = [&](std::string const& step) {
        if (step == "stop 1.0.0") machine.house.killed_at = machine.house.steps.size();
    };
    for (int stop = 0; stop < 3; ++stop) ASSERT_EQ(machine.walk(), std::nullopt) << stop;
    EXPECT_EQ(machine.walk(), Ended::failed);
    EXPECT_EQ(machine.house.walked(), kOldRuns);
    EXPECT_EQ(machine.house.runs, "1.0.0");
    EXPECT_NE(machine.house.reports[0].detail().find("died 3 times"), std::string::npos);
}

TEST(CrashLoop, WaitsForTheGateAsOftenAsTheNodeIsStartedAgain) {
    Machine machine(true);
    ASSERT_EQ(machine.walk(7), std::nullopt);  // after the gate
    for (int start = 0; start < 10; ++start) ASSERT_EQ(machine.walk(6), std::nullopt) << start;
    EXPECT_EQ(machine.walk(), Ended::committed);
}

// What the last run's stop command left behind stops what was just started.
TEST(AfterACrash, StartsTheOldReleaseAgainWhenItIsStoppedBehindOurBack) {
    Machine machine(true);
    machine.walk(9);  // after "stop 1.0.0"
    ASSERT_FALSE(machine.house.runs);
    int starts = 0;
    machine.house.on_step = [&](std::string const& step) {
        if (step == "probe 1.0.0" && ++starts == 1) machine.house.runs.reset();
        if (step == "gate") {
            EXPECT_EQ(machine.house.runs, "1.0.0");
        }
    };
    EXPECT_EQ(machine.walk(), Ended::committed);
    EXPECT_EQ(starts, 2);
}

TEST(AfterACrash, KeepsTheBytesOfTheFetchBeforeItInTheReport) {
    Machine machine(true);
    machine.walk(6);  // waits at the gate
    machine.walk();
    ASSERT_EQ(machine.house.reports[0].sources_size(), 1);
    EXPECT_EQ(machine.house.reports[0].sources(0).bytes(), 1000u);
}

}  // namespace
}  // namespace lanyard::update
