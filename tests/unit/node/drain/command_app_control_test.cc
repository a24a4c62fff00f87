#include "node/drain/command_app_control.h"

#include <gtest/gtest.h>

#include "node/drain/errc.h"
#include "tests/support/fake_processes.h"
#include "tests/support/fake_time.h"
#include "tests/support/loop.h"
#include "tests/support/sample_target.h"

namespace lanyard::drain {
namespace {

using namespace std::chrono_literals;

class CommandAppControlTest : public testing::Test {
protected:
    static AppRelease make_release() {
        auto message = support::sample_message("prometheus", "2.45.0", 7);
        message.mutable_install()->set_stop("./stop");
        message.mutable_install()->set_start("./start");
        message.mutable_install()->add_ports(9090);
        message.mutable_install()->add_ports(9091);
        return {support::sample_target(message), "/srv/prometheus/current"};
    }

    Status stop() { return support::run(control.stop(release)); }
    Status start() { return support::run(control.start(release)); }
    void ends(std::string const& line, Ending const& ending) {
        runner.scripts[line] = [ending] { return ending; };
    }

    AppRelease release = make_release();
    support::FakeTime time;
    support::FakeRunner runner;
    support::FakePorts ports;
    CommandAppControl control{runner, ports, time, time.steady_clock()};
};

TEST_F(CommandAppControlTest, RunsTheCommandsInTheReleaseWithItsNameInTheEnvironment) {
    ASSERT_TRUE(stop());
    ASSERT_EQ(runner.lines(), std::vector<std::string>{"./stop"});
    auto const& command = runner.commands.front();
    EXPECT_EQ(command.directory, "/srv/prometheus/current");
    EXPECT_EQ(command.environment,
              (std::map<std::string, std::string>{
                  {"LANYARD_APP", "prometheus"}, {"LANYARD_VERSION", "2.45.0"}, {"LANYARD_DIR", "/srv/prometheus"}}));
}

TEST_F(CommandAppControlTest, IsStoppedWhenEveryDeclaredPortIsClosed) {
    ports.open = {9090, 9091, 22};
    time.on_sleep = [this] {
        if (time.slept.size() == 2) ports.open.erase(9090);
        if (time.slept.size() == 4) ports.open.erase(9091);
    };
    EXPECT_TRUE(stop());
    EXPECT_EQ(time.slept.size(), 4u);
}

TEST_F(CommandAppControlTest, FailsWhenAPortStaysOpenForTheWholeStopDeadline) {
    ports.open = {9091};
    auto const stopped = stop();
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, Errc::still_listening);
    EXPECT_EQ(stopped.error().detail,
              "port 9091 of prometheus 2.45.0 did not close within the 30 s that it has to stop");
    EXPECT_EQ(time.passed, 30s);
}

TEST_F(CommandAppControlTest, WaitsForThreeSecondsOnlyWhenTheNodeIsToEnd) {
    ports.open = {9091};
    time.on_sleep = [this] {
        if (time.passed == 1s) control.hurry();
    };
    EXPECT_EQ(stop().error().code, Errc::still_listening);
    EXPECT_EQ(time.passed, 4s);
    EXPECT_EQ(runner.hurried, 3s);
    EXPECT_EQ(time.wakes, 1);
    ports.open.clear();
    EXPECT_TRUE(start());
    EXPECT_EQ(runner.deadlines.back(), 0s) << "it is begun and left to itself";
}

TEST_F(CommandAppControlTest, WaitsForOneMoreStopDeadlineAndStartsWhatHasEndedThen) {
    ports.open = {9090, 9091};
    time.on_sleep = [this] {
        if (time.passed >= 45s) ports.open.clear();
    };
    ASSERT_FALSE(stop());
    EXPECT_TRUE(support::run(control.wait_for_stop(release)));
    EXPECT_TRUE(start());
    EXPECT_EQ(runner.lines(), (std::vector<std::string>{"./stop", "./start"}));
}

TEST_F(CommandAppControlTest, SaysThatAPortStaysOpenAfterOneMoreStopDeadline) {
    ports.open = {9090, 9091};
    auto const stopped = support::run(control.wait_for_stop(release));
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, Errc::still_listening);
    EXPECT_EQ(time.passed, 30s);
}

TEST_F(CommandAppControlTest, CountsTheTimeOfTheStopCommandAgainstTheDeadline) {
    ports.open = {9090};
    runner.scripts["./stop"] = [this] {
        time.passed += 29s;
        return Ending();
    };
    EXPECT_FALSE(stop());
    EXPECT_EQ(time.passed, 30s);
    EXPECT_EQ(runner.deadlines.front(), 30s);
}

TEST_F(CommandAppControlTest, FailsWhenTheStopCommandTakesTooLong) {
    ends("./stop", Ending{.timed_out = true, .output = "waiting for\nclients"});
    auto const stopped = stop();
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, Errc::timed_out);
    EXPECT_EQ(stopped.error().detail,
              "the stop command of prometheus 2.45.0 did not end within 30 s: waiting for clients");
}

TEST_F(CommandAppControlTest, ForgivesAFailingStopCommandWhenThePortsSayThatNothingRuns) {
    ends("./stop", Ending{.exit_code = 1});
    EXPECT_TRUE(stop());
}

TEST_F(CommandAppControlTest, FailsWhenTheStopCommandFailsAndAPortListens) {
    ports.open = {9091};
    ends("./stop", Ending{.exit_code = 1, .output = "no such process"});
    auto const stopped = stop();
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, Errc::command_failed);
    EXPECT_EQ(stopped.error().detail, "the stop command of prometheus 2.45.0 ended with exit code 1: no such process");
    EXPECT_TRUE(time.slept.empty());
}

TEST_F(CommandAppControlTest, FailsWhenTheStopCommandFailsAndNoPortCanTellMore) {
    release.target.install.ports.clear();
    ends("./stop", Ending{.exit_code = 1});
    EXPECT_FALSE(stop());
}

TEST_F(CommandAppControlTest, FailsWhenTheStopCommandCannotBeRun) {
    runner.scripts["./stop"] = [] { return Result<Ending>(fail(Errc::cannot_run, "no shell")); };
    auto const stopped = stop();
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().detail, "cannot run the stop command of prometheus 2.45.0: no shell");
}

TEST_F(CommandAppControlTest, DoesNotTakeUnreadablePortsForClosedOnes) {
    ports.readable = false;
    EXPECT_FALSE(stop());
    ends("./stop", Ending{.exit_code = 1});
    EXPECT_FALSE(stop());
}

TEST_F(CommandAppControlTest, HasNothingToStopWithoutAStopCommand) {
    release.target.install.stop.clear();
    EXPECT_TRUE(stop());
    EXPECT_TRUE(runner.commands.empty());
}

TEST_F(CommandAppControlTest, RefusesToPretendThatAnApplicationWithoutAStopCommandWasStopped) {
    release.target.install.stop.clear();
    ports.open = {9090};
    auto const stopped = stop();
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().detail,
              "prometheus 2.45.0 has no stop command, but port 9090 listens; publish it with one");
}

TEST_F(CommandAppControlTest, StartsDetachedAndLogsBesideTheReleases) {
    EXPECT_TRUE(start());
    EXPECT_EQ(runner.lines(), std::vector<std::string>{"./start"});
    EXPECT_EQ(runner.logs, std::vector<std::filesystem::path>{"/srv/prometheus/start.log"});
    EXPECT_EQ(runner.deadlines.front(), 60s);
}

TEST_F(CommandAppControlTest, DoesNotStartWhatListensOnEveryPortAlready) {
    ports.open = {9090, 9091};
    EXPECT_TRUE(start());
    control.launch(release);
    EXPECT_TRUE(runner.commands.empty());
    EXPECT_TRUE(runner.launched.empty());
}

TEST_F(CommandAppControlTest, StartsWhatListensOnSomePortsOnlyOrDeclaresNone) {
    ports.open = {9090};
    EXPECT_TRUE(start());
    release.target.install.ports.clear();
    EXPECT_TRUE(start());
    EXPECT_EQ(runner.commands.size(), 2u);
}

TEST_F(CommandAppControlTest, StartsWhenThePortsCannotBeRead) {
    ports.readable = false;
    EXPECT_TRUE(start());
    EXPECT_EQ(runner.commands.size(), 1u);
}

TEST_F(CommandAppControlTest, HasNothingToStartWithoutAStartCommand) {
    release.target.install.start.clear();
    EXPECT_TRUE(start());
    control.launch(release);
    EXPECT_TRUE(runner.commands.empty());
    EXPECT_TRUE(runner.launched.empty());
}

TEST_F(CommandAppControlTest, SaysWhatAFailingStartCommandWrote) {
    ends("./start", Ending{.exit_code = 127, .output = "./start: not found\n"});
    auto const started = start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().detail,
              "the start command of prometheus 2.45.0 ended with exit code 127: ./start: not found");
}

TEST_F(CommandAppControlTest, EndsAStartThatNeverReturnedWhenTheApplicationIsStopped) {
    ends("./start", Ending{.timed_out = true, .left_running = 5});
    auto const started = start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, Errc::timed_out);
    EXPECT_TRUE(runner.ended.empty());
    EXPECT_TRUE(stop());
    EXPECT_TRUE(stop());
    EXPECT_EQ(runner.ended, std::vector<std::uint64_t>{5});
}

TEST_F(CommandAppControlTest, LaunchesFromADestructor) {
    { DrainedApp const drained(control, release); }
    EXPECT_EQ(runner.launched, std::vector<std::string>{"./start"});
}

TEST_F(CommandAppControlTest, LaunchesNothingWhenCustodyWasGivenBack) {
    {
        DrainedApp drained(control, release);
        auto const given_back = drained.hand_back();
        EXPECT_EQ(given_back.directory, release.directory);
    }
    EXPECT_TRUE(runner.launched.empty());
}

// A plugin is told to its host, which goes on serving.
class HostedPluginTest : public CommandAppControlTest {
protected:
    HostedPluginTest() {
        release.target.type = release::PackageType::plugin;
        release.target.install.stop.clear();
        ports.open = {9090, 9091};
    }
};

TEST_F(HostedPluginTest, LeavesItsHostRunningWhenItIsStopped) {
    EXPECT_TRUE(stop());
    EXPECT_TRUE(runner.commands.empty());
}

TEST_F(HostedPluginTest, IsToldToItsHostThoughAllPortsListen) {
    EXPECT_TRUE(start());
    EXPECT_EQ(runner.lines(), std::vector<std::string>{"./start"});
    control.launch(release);
    EXPECT_EQ(runner.launched, std::vector<std::string>{"./start"});
}

TEST_F(HostedPluginTest, StopsAndStartsItsHostWhenThereIsAStopCommand) {
    release.target.install.stop = "./stop";
    ends("./stop", {});
    time.on_sleep = [this] { ports.open.clear(); };
    EXPECT_TRUE(stop());
    EXPECT_TRUE(start());
    EXPECT_EQ(runner.lines(), (std::vector<std::string>{"./stop", "./start"}));
}

}  // namespace
}  // namespace lanyard::drain
