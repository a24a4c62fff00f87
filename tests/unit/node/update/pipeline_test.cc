#include "node/update/pipeline.h"

#include <gtest/gtest.h>

#include "node/drain/errc.h"
#include "tests/support/fake_house.h"
#include "tests/support/fake_processes.h"
#include "tests/support/fake_time.h"
#include "tests/support/fake_vigil.h"
#include "tests/support/loop.h"
#include "tests/support/recorded_events.h"
#include "tests/support/sample_target.h"

namespace lanyard::update {
namespace {

using namespace std::chrono_literals;
using journal::Phase;
using support::sample_target;
using Steps = std::vector<std::string>;

class PipelineTest : public testing::Test {
protected:
    PipelineTest() { install("1.0.0"); }

    void install(std::string const& version) {
        house.on_disk = house.runs = version;
        house.versions = {version};
    }
    void install_nothing() {
        house.on_disk.reset();
        house.runs.reset();
        house.versions.clear();
        offer.running.reset();
    }

    Ended walk() { return support::run(pipeline.walk(offer)); }
    Ended resume() {
        auto const unfinished = *house.under_way;
        return support::run(pipeline.resume(unfinished));
    }
    // As the loop of the application does: until an attempt has ended.
    Ended walk_until_it_has_ended() {
        for (int i = 0; i < 5; ++i) {
            auto const ended = walk();
            if (!house.under_way) return ended;
        }
        ADD_FAILURE() << "an attempt never ends";
        return Ended::failed;
    }
    v1::Report report() { return house.reports.at(0); }

    check::Offer offer{sample_target("demo", "2.0.0", 2), sample_target("demo", "1.0.0", 1), "/srv/demo"};
    support::FakeHouse house;
    support::FakeTime time;
    support::FakePorts ports;
    drain::Downtime downtime{ports, time.steady_clock()};
    support::RecordedEvents events;
    Pipeline pipeline{Rooms{house, house, house, house, house, house, house}, downtime, events};
};

Steps const kWholeWalk{"fetch", "stage", "gate", "stop 1.0.0", "switch to 2.0.0", "start 2.0.0", "probe 2.0.0"};

TEST_F(PipelineTest, WalksEveryRoomInOrder) {
    EXPECT_EQ(walk(), Ended::committed);
    EXPECT_EQ(house.walked(), kWholeWalk);
    EXPECT_EQ(house.on_disk, "2.0.0");
    EXPECT_EQ(house.runs, "2.0.0");
    EXPECT_EQ(report().outcome(), v1::OUTCOME_COMMITTED);
    EXPECT_EQ(report().detail(), "");
    EXPECT_TRUE(house.launched.empty());
}

TEST_F(PipelineTest, WritesEachPhaseDownBeforeItBegins) {
    walk();
    EXPECT_EQ(house.steps, (Steps{"begin", "enter fetch", "fetch", "enter stage", "stage", "enter wait_idle", "gate",
                                  "enter drain", "stop 1.0.0", "enter apply", "switch to 2.0.0", "enter probe",
                                  "count_start", "start 2.0.0", "probe 2.0.0", "enter commit", "end"}));
}

TEST_F(PipelineTest, KeepsTheMachineAwakeFromTheStopToTheStartAndNotOverTheProbation) {
    support::FakeVigil vigil;
    Pipeline watchful{Rooms{house, house, house, house, house, house, house, &vigil}, downtime, events};
    Steps awake;
    house.on_step = [&](auto const& step) {
        if (vigil.awake > 0) awake.push_back(step);
    };
    house.unhealthy = {"2.0.0"};
    EXPECT_EQ(support::run(watchful.walk(offer)), Ended::rolled_back);
    EXPECT_EQ(awake, (Steps{"enter drain", "stop 1.0.0", "enter apply", "switch to 2.0.0", "enter probe", "count_start",
                            "start 2.0.0", "stop 2.0.0", "switch back", "start 1.0.0"}));
    EXPECT_EQ(vigil.whys, (Steps{"replacing demo 2.0.0", "replacing demo 2.0.0"}));
    EXPECT_EQ(vigil.awake, 0);
}

TEST_F(PipelineTest, LetsTheMachineSleepWhenTheWalkIsLeftBeforeAnybodyIsDisturbed) {
    support::FakeVigil vigil;
    Pipeline watchful{Rooms{house, house, house, house, house, house, house, &vigil}, downtime, events};
    vigil.on_keep = [&] { watchful.abandon("something newer is on offer"); };
    EXPECT_EQ(support::run(watchful.walk(offer)), Ended::failed);
    EXPECT_EQ(house.walked(), (Steps{"fetch", "stage", "gate"}));
    EXPECT_EQ(vigil.awake, 0);
}

TEST_F(PipelineTest, GoesOnWhenTheMachineCannotBeKeptAwake) {
    support::FakeVigil vigil;
    vigil.works = false;
    Pipeline watchful{Rooms{house, house, house, house, house, house, house, &vigil}, downtime, events};
    EXPECT_EQ(support::run(watchful.walk(offer)), Ended::committed);
}

TEST_F(PipelineTest, TellsEachPhaseWithTheVersion) {
    walk();
    EXPECT_EQ(events.names(), (Steps{"phase.fetch", "phase.stage", "phase.wait_idle", "phase.drain", "phase.apply",
                                     "phase.probe", "phase.commit", "attempt.committed"}));
    for (auto const& event : events.told) EXPECT_NE(event.text.find("demo 2.0.0"), std::string::npos) << event.text;
}

TEST_F(PipelineTest, HasNothingToStopForAFirstInstall) {
    install_nothing();
    EXPECT_EQ(walk(), Ended::committed);
    EXPECT_EQ(house.walked(), (Steps{"fetch", "stage", "gate", "switch to 2.0.0", "start 2.0.0", "probe 2.0.0"}));
    EXPECT_EQ(house.runs, "2.0.0");
}

TEST_F(PipelineTest, DoesNotTakeAnotherProgramOnItsPortForAFirstInstall) {
    install_nothing();
    offer.target.install.start = "./start";
    offer.target.install.ports = {8080};
    ports.open = {8080};
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_EQ(house.walked(), (Steps{"fetch", "stage", "gate"}));
    EXPECT_EQ(house.on_disk, std::nullopt);
    EXPECT_EQ(report().detail(), "port 8080 is used by another program: stop it, or change the release's ports");
    EXPECT_EQ(events.count("release.quarantined"), 0);
}

TEST_F(PipelineTest, InstallsForTheFirstTimeWhenItsPortIsFree) {
    install_nothing();
    offer.target.install.start = "./start";
    offer.target.install.ports = {8080};
    ports.open = {80};
    EXPECT_EQ(walk(), Ended::committed);
}

TEST_F(PipelineTest, TakesAnUnhealthyFirstInstallAwayAndStartsNothing) {
    install_nothing();
    house.unhealthy = {"2.0.0"};
    EXPECT_EQ(walk(), Ended::rolled_back);
    EXPECT_EQ(house.on_disk, std::nullopt);
    EXPECT_EQ(house.runs, std::nullopt);
    EXPECT_TRUE(house.versions.empty());
    EXPECT_EQ(house.walked().back(), "switch back");
}

TEST_F(PipelineTest, AsksTheApplicationOnceTheGateIsOpenAndBeforeAnythingIsWrittenOfAStop) {
    house.on_prepared = [this] {
        EXPECT_EQ(house.under_way->phase, Phase::wait_idle);
        EXPECT_EQ(house.steps.back(), "gate");
    };
    EXPECT_EQ(walk(), Ended::committed);
    EXPECT_EQ(house.prepared, Steps{"question"});
    EXPECT_EQ(house.settled, std::vector<std::string>{"2.0.0"}) << "what was kept is let go at the end";
}

TEST_F(PipelineTest, GoesBackToTheGateForAsLongAsTheApplicationDoesNotWantToBeStopped) {
    house.unwilling.assign(2, fail(drain::Errc::not_now, "demo 1.0.0 does not want to be stopped: a call"));
    EXPECT_EQ(walk(), Ended::committed);
    EXPECT_EQ(house.walked(), (Steps{"fetch", "stage", "gate", "gate", "gate", "stop 1.0.0", "switch to 2.0.0",
                                     "start 2.0.0", "probe 2.0.0"}));
    EXPECT_EQ(events.count("drain.put_off"), 2);
    EXPECT_EQ(events.text("drain.put_off"), "demo 1.0.0 does not want to be stopped: a call");
    EXPECT_EQ(house.under_way, std::nullopt);
}

TEST_F(PipelineTest, TellsTheApplicationWhetherItHasAChoice) {
    house.last_word = true;
    EXPECT_EQ(walk(), Ended::committed);
    EXPECT_EQ(house.prepared, Steps{"last word"});
}

TEST_F(PipelineTest, AsksNothingOfWhatDoesNotRunYet) {
    install_nothing();
    EXPECT_EQ(walk(), Ended::committed);
    EXPECT_TRUE(house.prepared.empty());
}

TEST_F(PipelineTest, GivesUpWhenWhatTheApplicationLeavesCannotBeKept) {
    house.unwilling = {fail(std::make_error_code(std::errc::no_space_on_device), "the disk is full")};
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_EQ(report().detail(), "the disk is full");
    EXPECT_EQ(house.runs, "1.0.0");
}

TEST_F(PipelineTest, LetsAnApplicationGoOnThatWasPreparedForAnOfferThatIsNoMore) {
    house.on_prepared = [this] { pipeline.abandon("superseded by 3.0.0"); };
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_EQ(report().detail(), "superseded by 3.0.0");
    EXPECT_EQ(house.walked(), (Steps{"fetch", "stage", "gate"}));
    ASSERT_FALSE(house.settled.empty());
    EXPECT_EQ(house.settled.front(), "1.0.0");
}

TEST_F(PipelineTest, StartsTheOldReleaseOnceMoreWithoutWhatWasKeptForItWhenItDoesNotComeBackWithIt) {
    offer.running->install.keep_ports = true;
    house.unhealthy = {"2.0.0", "1.0.0"};
    house.on_step = [this](std::string const& step) {
        if (step == "probe 1.0.0" && !house.settled.empty()) house.unhealthy.erase("1.0.0");
    };
    EXPECT_EQ(walk(), Ended::rolled_back);
    EXPECT_EQ(house.settled.front(), "1.0.0");
    EXPECT_EQ(house.walked(),
              (Steps{"fetch", "stage", "gate", "stop 1.0.0", "switch to 2.0.0", "start 2.0.0", "probe 2.0.0",
                     "stop 2.0.0", "switch back", "start 1.0.0", "probe 1.0.0", "start 1.0.0", "probe 1.0.0"}));
    EXPECT_EQ(report().detail().find("does not run well"), std::string::npos) << report().detail();
}

TEST_F(PipelineTest, NeverStopsTheApplicationForWhatItCannotFetchOrStage) {
    for (auto const* room : {"fetch", "stage"}) {
        house.failing = {room};
        house.steps.clear();
        EXPECT_EQ(walk(), Ended::failed);
        EXPECT_EQ(house.walked().back(), room);
        EXPECT_EQ(house.runs, "1.0.0");
        EXPECT_FALSE(house.staged);
        EXPECT_EQ(house.reports.back().outcome(), v1::OUTCOME_FAILED);
        EXPECT_EQ(house.reports.back().detail(), std::string(room) + " does not work today");
    }
    EXPECT_EQ(events.count("attempt.failed"), 2);
}

TEST_F(PipelineTest, StartsTheOldReleaseAgainWhenItDoesNotStop) {
    house.failing = {"stop 1.0.0"};
    house.on_step = [this](std::string const& step) {
        if (step == "stop 1.0.0") house.runs.reset();  // half stopped
    };
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_EQ(house.walked(),
              (Steps{"fetch", "stage", "gate", "stop 1.0.0", "wait for stop 1.0.0", "start 1.0.0", "probe 1.0.0"}));
    EXPECT_EQ(house.runs, "1.0.0");
    EXPECT_EQ(report().outcome(), v1::OUTCOME_FAILED);
    EXPECT_FALSE(house.staged);
}

TEST_F(PipelineTest, StartsTheOldReleaseAgainWhenItStopsOnlyAfterItsDeadline) {
    house.failing = {"stop 1.0.0"};
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_EQ(house.walked().at(4), "wait for stop 1.0.0");
    EXPECT_EQ(house.walked().at(5), "start 1.0.0");
    EXPECT_EQ(house.runs, "1.0.0");
    EXPECT_EQ(report().detail(), "stop 1.0.0 does not work today");
}

TEST_F(PipelineTest, LeavesTheOldReleaseAsItIsWhenItNeverStops) {
    house.failing = {"stop 1.0.0", "wait for stop 1.0.0"};
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_EQ(house.walked().back(), "probe 1.0.0");
    EXPECT_EQ(house.on_disk, "1.0.0");
    EXPECT_EQ(house.runs, "1.0.0");
}

TEST_F(PipelineTest, DoesNotReportARollBackWhileTheNewReleaseCannotBeStopped) {
    house.unhealthy = {"2.0.0"};
    house.failing = {"stop 2.0.0", "wait for stop 2.0.0"};
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_EQ(house.on_disk, "2.0.0");
    EXPECT_EQ(house.runs, "2.0.0");
    EXPECT_EQ(report().outcome(), v1::OUTCOME_FAILED);
    EXPECT_NE(report().detail().find("could not be stopped and still runs"), std::string::npos) << report().detail();
    EXPECT_EQ(events.count("release.quarantined"), 0);
    EXPECT_EQ(house.versions, (std::set<std::string>{"1.0.0", "2.0.0"}));
}

TEST_F(PipelineTest, StartsTheOldReleaseAgainWhenTheSwitchFails) {
    house.failing = {"switch to 2.0.0"};
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_EQ(house.walked().back(), "probe 1.0.0");
    EXPECT_EQ(house.on_disk, "1.0.0");
    EXPECT_EQ(house.runs, "1.0.0");
}

TEST_F(PipelineTest, UndoesASwitchThatFailedAfterItHadHappened) {
    house.failing = {"switch to 2.0.0"};
    house.on_step = [this](std::string const& step) {
        if (step == "switch to 2.0.0") house.on_disk = "2.0.0";
    };
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_EQ(house.on_disk, "1.0.0");
    EXPECT_EQ(house.runs, "1.0.0");
    EXPECT_EQ(house.walked().back(), "probe 1.0.0");
}

TEST_F(PipelineTest, StartsTheOldReleaseWhenNeitherSwitchHappened) {
    house.failing = {"switch to 2.0.0", "switch back"};
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_EQ(house.on_disk, "1.0.0");
    EXPECT_EQ(house.walked().back(), "probe 1.0.0");
    EXPECT_EQ(house.runs, "1.0.0");
}

TEST_F(PipelineTest, DoesNotCondemnAReleaseBecauseItCannotReadWhatIsCurrent) {
    house.on_step = [this](std::string const& step) {
        if (step == "probe 2.0.0") throw support::Killed();
    };
    EXPECT_THROW(walk(), support::Killed);
    house.on_step = [](auto const&) {};
    house.failing = {"current"};
    EXPECT_EQ(resume(), Ended::failed);
    EXPECT_TRUE(house.under_way);
    EXPECT_TRUE(house.reports.empty());
    EXPECT_EQ(house.runs, "2.0.0");
    house.failing.clear();
    EXPECT_EQ(walk(), Ended::committed);
}

TEST_F(PipelineTest, RollsBackLaterWhenItCannotReadWhatIsCurrent) {
    house.unhealthy = {"2.0.0"};
    house.failing = {"current"};
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_TRUE(house.under_way);
    EXPECT_EQ(house.runs, "2.0.0");
    house.failing.clear();
    EXPECT_EQ(walk(), Ended::rolled_back);
    EXPECT_EQ(report().detail(), "healthy 2.0.0 does not work today");
    EXPECT_EQ(house.runs, "1.0.0");
}

TEST_F(PipelineTest, LeavesNothingStoppedWhenItCannotReadWhatIsCurrent) {
    offer.target.install.ports = {8080};
    house.failing = {"start 2.0.0", "current"};
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_EQ(house.launched, Steps{"2.0.0"});
    EXPECT_EQ(house.runs, "2.0.0");
}

TEST_F(PipelineTest, SaysWhenTheOldReleaseDoesNotComeBackEither) {
    house.failing = {"switch to 2.0.0", "start 1.0.0"};
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_EQ(
        report().detail(),
        "switch to 2.0.0 does not work today; the old release does not run well: start 1.0.0 does not work today");
}

TEST_F(PipelineTest, RollsBackAReleaseThatIsNotHealthy) {
    house.unhealthy = {"2.0.0"};
    EXPECT_EQ(walk(), Ended::rolled_back);
    auto expected = kWholeWalk;
    for (auto const* step : {"stop 2.0.0", "switch back", "start 1.0.0", "probe 1.0.0"}) expected.emplace_back(step);
    EXPECT_EQ(house.walked(), expected);
    EXPECT_EQ(house.runs, "1.0.0");
    EXPECT_EQ(house.versions, std::set<std::string>{"1.0.0"});
    EXPECT_EQ(report().outcome(), v1::OUTCOME_ROLLED_BACK);
    EXPECT_EQ(report().detail(), "healthy 2.0.0 does not work today");
    EXPECT_EQ(events.text("probe.failed"), report().detail());
    EXPECT_EQ(events.count("release.quarantined"), 1);
}

TEST_F(PipelineTest, RollsBackAReleaseThatDoesNotStart) {
    house.failing = {"start 2.0.0"};
    EXPECT_EQ(walk(), Ended::rolled_back);
    EXPECT_EQ(house.runs, "1.0.0");
    EXPECT_EQ(report().detail(), "start 2.0.0 does not work today");
}

TEST_F(PipelineTest, RollsBackEvenWhenTheNewReleaseDoesNotStopInOrder) {
    house.unhealthy = {"2.0.0"};
    house.failing = {"stop 2.0.0"};
    house.on_step = [this](std::string const& step) {
        if (step == "stop 2.0.0") house.runs.reset();
    };
    EXPECT_EQ(walk(), Ended::rolled_back);
    EXPECT_EQ(house.runs, "1.0.0");
    EXPECT_NE(report().detail().find("not stopped in order: stop 2.0.0"), std::string::npos) << report().detail();
}

TEST_F(PipelineTest, TriesTheOldReleaseOnceAndReportsThatItIsNotHealthyEither) {
    house.unhealthy = {"1.0.0", "2.0.0"};
    EXPECT_EQ(walk(), Ended::rolled_back);
    EXPECT_EQ(house.walked().back(), "probe 1.0.0");
    EXPECT_NE(report().detail().find("the old release does not run well"), std::string::npos) << report().detail();
}

TEST_F(PipelineTest, LeavesTheNewReleaseRunningWhenThereIsNoWayBack) {
    house.unhealthy = {"2.0.0"};
    house.failing = {"switch back"};
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_EQ(house.on_disk, "2.0.0");
    EXPECT_EQ(house.runs, "2.0.0");
    EXPECT_EQ(house.versions, (std::set<std::string>{"1.0.0", "2.0.0"}));
    EXPECT_NE(report().detail().find("cannot be rolled back"), std::string::npos) << report().detail();
}

TEST_F(PipelineTest, KeepsTheOldReleaseForAWayBackAndDropsTheOneBeforeIt) {
    house.kept = sample_target("demo", "0.9.0", 9);
    house.versions = {"0.9.0", "1.0.0"};
    EXPECT_EQ(walk(), Ended::committed);
    EXPECT_EQ(house.versions, (std::set<std::string>{"1.0.0", "2.0.0"}));
}

TEST_F(PipelineTest, KeepsTheWayBackWhenAReleaseIsRolledBack) {
    house.kept = sample_target("demo", "0.9.0", 9);
    house.versions = {"0.9.0", "1.0.0"};
    house.unhealthy = {"2.0.0"};
    EXPECT_EQ(walk(), Ended::rolled_back);
    EXPECT_EQ(house.versions, (std::set<std::string>{"0.9.0", "1.0.0"}));
}

TEST_F(PipelineTest, ReportsWhereThePackageCameFromAndHowLongThePortsWereClosed) {
    house.on_step = [this](std::string const& step) {
        if (step == "stop 1.0.0") (void)downtime.listening({80});
        if (step == "switch to 2.0.0") time.passed += 700ms;
        if (step == "probe 2.0.0") {
            ports.open = {80};
            (void)downtime.listening({80});
            time.passed += 10s;
        }
    };
    walk();
    ASSERT_EQ(report().sources_size(), 1);
    EXPECT_EQ(report().sources(0).address(), "10.0.0.7");
    EXPECT_EQ(report().sources(0).bytes(), 1000u);
    EXPECT_EQ(report().ports_closed_ms(), 700u);
}

TEST_F(PipelineTest, CountsNoDowntimeForWhatDidNotRunBefore) {
    install_nothing();
    house.on_step = [this](std::string const&) {
        (void)downtime.listening({80});
        time.passed += 1s;
    };
    walk();
    EXPECT_EQ(report().ports_closed_ms(), 0u);
}

TEST_F(PipelineTest, NeverStopsTheApplicationForWhatTheRehearsalRefuses) {
    house.failing = {"rehearse"};
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_EQ(house.walked(), (Steps{"fetch", "stage"}));
    EXPECT_EQ(house.runs, "1.0.0");
    EXPECT_EQ(report().detail(), "rehearse does not work today");
    EXPECT_EQ(events.count("phase.drain"), 0);
}

TEST_F(PipelineTest, RehearsesAgainWhenTheGateHasOpened) {
    house.on_step = [this](std::string const& step) {
        if (step == "gate") house.failing = {"rehearse"};
    };
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_EQ(house.walked(), (Steps{"fetch", "stage", "gate"}));
    EXPECT_EQ(house.runs, "1.0.0");
}

TEST_F(PipelineTest, DoesNotTryAgainWhatItsInstallerRefuses) {
    house.failing = {"switch to 2.0.0"};
    house.refusing = {"2.0.0"};
    EXPECT_EQ(walk(), Ended::rolled_back);
    EXPECT_EQ(house.walked(), (Steps{"fetch", "stage", "gate", "stop 1.0.0", "switch to 2.0.0", "switch back",
                                     "start 1.0.0", "probe 1.0.0"}));
    EXPECT_EQ(house.runs, "1.0.0");
    EXPECT_EQ(report().outcome(), v1::OUTCOME_ROLLED_BACK);
    EXPECT_EQ(report().detail(), "the script of 2.0.0 failed");
    EXPECT_EQ(events.count("release.quarantined"), 1);
    EXPECT_EQ(events.count("phase.roll_back"), 1);
}

TEST_F(PipelineTest, SaysWhenWhatItsInstallerRefusedCannotBeTakenBack) {
    house.failing = {"switch to 2.0.0", "switch back"};
    house.refusing = {"2.0.0"};
    EXPECT_EQ(walk(), Ended::failed);
    EXPECT_NE(report().detail().find("cannot be rolled back: switch back"), std::string::npos) << report().detail();
    EXPECT_EQ(house.runs, "1.0.0");
}

TEST_F(PipelineTest, TakesUpWhatAnInstallerFinishedWhileTheNodeWasAway) {
    house.failing = {"switch to 2.0.0"};
    house.on_step = [this](std::string const& step) {
        if (step == "switch to 2.0.0") pipeline.stop();
    };
    EXPECT_EQ(walk(), Ended::interrupted);
    EXPECT_EQ(house.under_way->phase, Phase::apply);
    EXPECT_TRUE(house.launched.empty()) << "what is being exchanged is not started";

    house.restart();
    house.failing.clear();
    house.on_step = [](auto const&) {};
    house.on_settle = [this] {
        house.on_disk = "2.0.0";
        house.versions.insert("2.0.0");
    };
    Pipeline next(Rooms{house, house, house, house, house, house, house}, downtime, events);
    auto const left = *house.under_way;
    EXPECT_EQ(support::run(next.resume(left)), Ended::committed);
    EXPECT_EQ(house.walked(), (Steps{"start 2.0.0", "probe 2.0.0"}));
    EXPECT_EQ(house.runs, "2.0.0");
}

TEST_F(PipelineTest, GoesOnLaterWhenNobodyCanSayWhatIsInstalled) {
    house.on_step = [this](std::string const& step) {
        if (step == "switch to 2.0.0") throw support::Killed();
    };
    EXPECT_THROW(walk(), support::Killed);
    house.on_step = [](auto const&) {};
    house.failing = {"settle"};
    EXPECT_EQ(resume(), Ended::failed);
    EXPECT_TRUE(house.under_way);
    EXPECT_TRUE(house.reports.empty());
    EXPECT_EQ(house.runs, "1.0.0");
    house.failing.clear();
    EXPECT_EQ(walk(), Ended::committed);
}

TEST_F(PipelineTest, LeavesThePortsOfAHostToItsPlugin) {
    install_nothing();
    offer.target.type = release::PackageType::plugin;
    offer.target.install.start = "kill -HUP host";
    offer.target.install.ports = {8080};
    ports.open = {8080};
    EXPECT_EQ(walk(), Ended::committed);
}

// A person asks for the release that was kept.
class WalkBackTest : public PipelineTest {
protected:
    WalkBackTest() {
        install("2.0.0");
        house.versions.insert("1.0.0");
        house.kept = offer.running;
    }
    Ended walk_back() { return support::run(pipeline.walk_back(offer)); }
};

TEST_F(WalkBackTest, GoesBackToTheKeptReleaseWithoutFetchingOrWaiting) {
    EXPECT_EQ(walk_back(), Ended::rolled_back);
    EXPECT_EQ(house.walked(), (Steps{"stop 2.0.0", "switch back", "start 1.0.0", "probe 1.0.0"}));
    EXPECT_EQ(house.runs, "1.0.0");
    EXPECT_EQ(house.versions, std::set<std::string>{"1.0.0"});
    EXPECT_EQ(report().detail(), "a person asked for the previous release");
}

TEST_F(WalkBackTest, AsksTheApplicationForItsLastWord) {
    EXPECT_EQ(walk_back(), Ended::rolled_back);
    EXPECT_EQ(house.prepared, Steps{"last word"});
}

TEST_F(WalkBackTest, LeavesEverythingAsItIsWhenSomethingElseRuns) {
    house.on_disk = house.runs = "1.0.0";
    EXPECT_EQ(walk_back(), Ended::failed);
    EXPECT_TRUE(house.steps.empty());
}

TEST_F(WalkBackTest, GivesUpBeforeTheSwitchWhenTheReleaseCannotBeStopped) {
    house.failing = {"stop 2.0.0", "wait for stop 2.0.0"};
    EXPECT_EQ(walk_back(), Ended::failed);
    EXPECT_EQ(house.on_disk, "2.0.0");
    EXPECT_EQ(house.runs, "2.0.0");
    EXPECT_EQ(report().outcome(), v1::OUTCOME_FAILED);
}

TEST_F(WalkBackTest, GoesOnAfterACrash) {
    for (std::size_t step = 1; step < 7; ++step) {
        install("2.0.0");
        house.versions.insert("1.0.0");
        house.restart();
        house.killed_at = step;
        EXPECT_THROW(walk_back(), support::Killed);
        house.restart();
        ASSERT_TRUE(house.under_way) << step;
        EXPECT_EQ(resume(), Ended::rolled_back);
        EXPECT_EQ(house.on_disk, "1.0.0");
        EXPECT_EQ(house.runs, "1.0.0") << step;
    }
}

TEST_F(PipelineTest, EndsAtOnceWhenItIsStoppedBeforeAnybodyIsDisturbed) {
    for (auto const* room : {"fetch", "stage", "gate"}) {
        Pipeline stopped(Rooms{house, house, house, house, house, house, house}, downtime, events);
        house.on_step = [&](std::string const& step) {
            if (step == room) stopped.stop();
        };
        house.under_way.reset();
        house.steps.clear();
        EXPECT_EQ(support::run(stopped.walk(offer)), Ended::interrupted);
        EXPECT_EQ(house.walked().back(), room);
        EXPECT_TRUE(house.under_way) << "resumed at the next start";
        EXPECT_EQ(house.runs, "1.0.0");
        EXPECT_TRUE(house.gate_stopped);
        EXPECT_EQ(house.abandoned.back(), offer.target.sha256.to_hex());
        EXPECT_EQ(support::run(stopped.walk(offer)), Ended::interrupted);
        house.gate_stopped = false;
    }
    EXPECT_TRUE(house.reports.empty());
}

// Stopped in the middle of a step, then started again.
struct StoppedIn {
    char const* step;
    bool healthy;
    char const* runs;  // while the node is away
    Phase phase;
    Ended ended;  // after the next start
};

class StoppedPipeline : public PipelineTest, public testing::WithParamInterface<StoppedIn> {};

TEST_P(StoppedPipeline, EndsAtOnceWithAReleaseRunningAndGoesOnAtTheNextStart) {
    auto const& given = GetParam();
    if (!given.healthy) house.unhealthy = {"2.0.0"};
    house.on_step = [&](std::string const& step) {
        if (step == given.step) pipeline.stop();
    };
    EXPECT_EQ(walk(), Ended::interrupted);
    EXPECT_TRUE(house.hurried);
    EXPECT_EQ(house.runs, given.runs);
    EXPECT_TRUE(house.reports.empty());
    ASSERT_TRUE(house.under_way);
    EXPECT_EQ(house.under_way->phase, given.phase);
    EXPECT_EQ(house.under_way->starts, given.phase == Phase::roll_back ? 1u : 0u);

    house.restart();
    house.on_step = [](auto const&) {};
    Pipeline next(Rooms{house, house, house, house, house, house, house}, downtime, events);
    auto const unfinished = *house.under_way;
    EXPECT_EQ(support::run(next.resume(unfinished)), given.ended);
    EXPECT_EQ(house.runs, given.healthy ? "2.0.0" : "1.0.0");
    EXPECT_EQ(house.reports.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(, StoppedPipeline,
                         testing::Values(StoppedIn{"stop 1.0.0", true, "1.0.0", Phase::wait_idle, Ended::committed},
                                         StoppedIn{"start 2.0.0", true, "2.0.0", Phase::probe, Ended::committed},
                                         StoppedIn{"probe 2.0.0", true, "2.0.0", Phase::probe, Ended::committed},
                                         StoppedIn{"probe 2.0.0", false, "2.0.0", Phase::probe, Ended::rolled_back},
                                         StoppedIn{"stop 2.0.0", false, "1.0.0", Phase::roll_back, Ended::rolled_back},
                                         StoppedIn{"start 1.0.0", false, "1.0.0", Phase::roll_back, Ended::rolled_back},
                                         StoppedIn{"probe 1.0.0", false, "1.0.0", Phase::roll_back,
                                                   Ended::rolled_back}),
                         [](auto const& instance) {
                             std::string name = instance.param.step;
                             std::erase_if(name, [](unsigned char c) { return std::isalnum(c) == 0; });
                             return name + (instance.param.healthy ? "Healthy" : "Unhealthy");
                         });

TEST_F(PipelineTest, StartsNothingTwiceWhenItIsStoppedInAStopThatDoesNotEndInTime) {
    house.failing = {"stop 1.0.0"};
    house.on_step = [this](std::string const& step) {
        if (step == "stop 1.0.0") pipeline.stop();
    };
    EXPECT_EQ(walk(), Ended::interrupted);
    EXPECT_TRUE(house.launched.empty());
    offer.running->install.ports = {80};
    house.restart();
    house.under_way.reset();
    Pipeline other(Rooms{house, house, house, house, house, house, house}, downtime, events);
    house.on_step = [&](std::string const& step) {
        if (step == "stop 1.0.0") other.stop();
    };
    EXPECT_EQ(support::run(other.walk(offer)), Ended::interrupted);
    EXPECT_EQ(house.launched, Steps{"1.0.0"}) << "launching looks at the ports first";
}

TEST_F(PipelineTest, IsStoppedPolitelyAsOftenAsOneLikesWithoutCondemningARelease) {
    house.on_step = [this](std::string const& step) {
        if (step == "probe 2.0.0") pipeline.stop();
    };
    EXPECT_EQ(walk(), Ended::interrupted);
    for (int i = 0; i < 5; ++i) {
        house.restart();
        Pipeline next(Rooms{house, house, house, house, house, house, house}, downtime, events);
        house.on_step = [&](std::string const& step) {
            if (step == "probe 2.0.0") next.stop();
        };
        auto const unfinished = *house.under_way;
        EXPECT_EQ(support::run(next.resume(unfinished)), Ended::interrupted);
    }
    EXPECT_EQ(house.runs, "2.0.0");
}

// Recalled in each step of the walk that disturbs somebody.
class RecalledPipeline : public PipelineTest, public testing::WithParamInterface<char const*> {};
INSTANTIATE_TEST_SUITE_P(InEachStep, RecalledPipeline,
                         testing::Values("enter drain", "stop 1.0.0", "switch to 2.0.0", "start 2.0.0", "probe 2.0.0",
                                         "enter roll_back", "start 1.0.0"));

TEST_P(RecalledPipeline, GoesBackToTheOldReleaseOnceAndCondemnsOnlyTheNewOne) {
    bool const on_its_way_back =
        GetParam() == std::string("enter roll_back") || GetParam() == std::string("start 1.0.0");
    if (on_its_way_back) house.unhealthy = {"2.0.0"};
    bool recalled = false;
    house.on_step = [&](std::string const& step) {
        if (step == GetParam()) recalled = pipeline.recall("a person asked");
    };
    EXPECT_EQ(walk(), Ended::rolled_back);
    EXPECT_TRUE(recalled);
    EXPECT_EQ(house.on_disk, "1.0.0");
    EXPECT_EQ(house.runs, "1.0.0");
    EXPECT_EQ(house.walked().back(), "probe 1.0.0");
    ASSERT_EQ(house.reports.size(), 1u);
    EXPECT_EQ(report().outcome(), v1::OUTCOME_ROLLED_BACK);
    EXPECT_EQ(report().detail() == "a person asked", !on_its_way_back) << report().detail();
    EXPECT_EQ(events.count("probe.failed"), on_its_way_back ? 1 : 0);
}

TEST_F(PipelineTest, IsNotRecalledBeforeAnybodyIsDisturbedNorOnceItIsCommitted) {
    bool recalled = false;
    house.on_step = [&](std::string const& step) {
        for (auto const* quiet : {"fetch", "stage", "gate", "enter commit", "end"}) {
            if (step == quiet) recalled = recalled || pipeline.recall("a person asked");
        }
    };
    EXPECT_EQ(walk(), Ended::committed);
    EXPECT_FALSE(recalled);
    EXPECT_FALSE(pipeline.recall("a person asked")) << "nothing walks";
}

TEST_F(PipelineTest, ForgetsARecallWithItsWalk) {
    house.on_step = [&](std::string const& step) {
        if (step == "probe 2.0.0") pipeline.recall("a person asked");
    };
    EXPECT_EQ(walk(), Ended::rolled_back);
    house.on_step = [](auto const&) {};
    EXPECT_EQ(walk(), Ended::committed);
}

TEST_F(PipelineTest, IsAbandonedBeforeAnybodyIsDisturbed) {
    for (auto const* room : {"fetch", "stage", "gate"}) {
        house.on_step = [&](std::string const& step) {
            if (step == room) pipeline.abandon("superseded by 3.0.0");
        };
        house.steps.clear();
        EXPECT_EQ(walk(), Ended::failed);
        EXPECT_EQ(house.walked().back(), room);
        EXPECT_EQ(house.reports.back().detail(), "superseded by 3.0.0");
        EXPECT_EQ(house.abandoned.back(), offer.target.sha256.to_hex());
        EXPECT_EQ(house.turned_away.back(), "demo");
        EXPECT_TRUE(house.taken_back.empty()) << "the agreement is meant for what takes its place";
        EXPECT_FALSE(house.staged);
    }
    house.on_step = [](auto const&) {};
    EXPECT_EQ(walk(), Ended::committed);
}

TEST_F(PipelineTest, IsNotAbandonedOnceSomebodyIsDisturbed) {
    house.on_step = [this](std::string const& step) {
        if (step == "enter drain" || step == "probe 2.0.0") pipeline.abandon("superseded by 3.0.0");
    };
    EXPECT_EQ(walk(), Ended::committed);
    EXPECT_TRUE(house.abandoned.empty());
}

TEST_F(PipelineTest, IgnoresThatItIsAbandonedWhenItDoesNotWalk) {
    pipeline.abandon("superseded by 3.0.0");
    EXPECT_EQ(walk(), Ended::committed);
}

TEST_F(PipelineTest, TakesBackAnAgreementThatTheAttemptDidNotUse) {
    house.failing = {"fetch"};
    walk();
    EXPECT_EQ(house.taken_back, Steps{"demo"});
}

TEST_F(PipelineTest, TellsItsStatusWhileItWalks) {
    EXPECT_FALSE(pipeline.status());
    v1::AttemptStatus fetching;
    v1::AttemptStatus waiting;
    house.on_step = [&](std::string const& step) {
        if (step == "fetch") fetching = pipeline.status().value();
        if (step == "gate") waiting = pipeline.status().value();
    };
    walk();
    EXPECT_EQ(fetching.phase(), "fetch");
    EXPECT_EQ(fetching.to_version(), "2.0.0");
    EXPECT_EQ(fetching.attempt_id(), "1f");
    EXPECT_EQ(fetching.bytes_done(), 40u);
    EXPECT_EQ(fetching.bytes_total(), 100u);
    EXPECT_EQ(waiting.phase(), "wait_idle");
    EXPECT_EQ(waiting.why(0), "nothing comes");
    EXPECT_EQ(waiting.why(1), "it is noon");
    EXPECT_FALSE(pipeline.status());
}

// An attempt of which the end could not be written, and meanwhile another release is on offer.
TEST_F(PipelineTest, BeginsAnewWhenAnotherReleaseIsOnOfferThanTheOneLeftUnderWay) {
    for (auto const* moment : {"enter fetch", "enter stage", "enter wait_idle"}) {
        install("1.0.0");
        house.reports.clear();
        offer.target = sample_target("demo", "2.0.0", 2);
        house.failing = {moment};
        EXPECT_EQ(walk(), Ended::failed);
        ASSERT_TRUE(house.under_way);
        house.failing.clear();
        house.taken_back.clear();
        offer.target = sample_target("demo", "3.0.0", 3);
        EXPECT_EQ(walk(), Ended::committed);
        EXPECT_EQ(house.runs, "3.0.0");
        ASSERT_EQ(house.reports.size(), 2u);
        EXPECT_EQ(house.reports.at(0).outcome(), v1::OUTCOME_FAILED);
        EXPECT_EQ(house.reports.at(0).detail(), "superseded by 3.0.0");
        EXPECT_EQ(house.taken_back, Steps{"demo"}) << "the agreement is meant for what takes its place";
    }
}

TEST_F(PipelineTest, GoesOnWithWhatHasDisturbedSomebodyWhateverIsOnOffer) {
    house.killed_at = 10;
    EXPECT_THROW(walk(), support::Killed);
    ASSERT_EQ(house.steps.back(), "enter apply");
    house.restart();
    offer.target = sample_target("demo", "3.0.0", 3);
    EXPECT_EQ(walk(), Ended::committed);
    EXPECT_EQ(house.runs, "2.0.0");
    EXPECT_EQ(house.reports.size(), 1u);
}

// The journal cannot be written at one moment: whatever that moment is, a release runs, and the next walk goes on.
TEST_F(PipelineTest, NeverLeavesTheApplicationStoppedWhenTheJournalFails) {
    for (bool const healthy : {true, false}) {
        for (auto const* moment :
             {"begin", "enter fetch", "enter stage", "enter wait_idle", "enter drain", "enter apply", "enter probe",
              "count_start", "enter commit", "enter roll_back", "end"}) {
            install("1.0.0");
            house.reports.clear();
            house.unhealthy.clear();
            if (!healthy) house.unhealthy.insert("2.0.0");
            house.failing = {moment};
            walk();
            EXPECT_TRUE(house.runs) << moment;
            EXPECT_EQ(house.runs, house.on_disk) << moment;
            house.failing.clear();
            if (house.under_way || house.reports.empty() || house.reports.back().outcome() == v1::OUTCOME_FAILED) {
                EXPECT_EQ(walk_until_it_has_ended(), healthy ? Ended::committed : Ended::rolled_back) << moment;
            }
            EXPECT_EQ(house.runs, healthy ? "2.0.0" : "1.0.0") << moment;
            EXPECT_EQ(house.on_disk, house.runs) << moment;
        }
    }
}

}  // namespace
}  // namespace lanyard::update
