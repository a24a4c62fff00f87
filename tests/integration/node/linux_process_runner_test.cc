#include "node/platform/linux_process_runner.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdlib>
#include <optional>
#include <sstream>

#include "node/drain/errc.h"
#include "node/platform/linux_spawn.h"
#include "tests/integration/node/processes.h"
#include "tests/support/loop.h"
#include "tests/support/scratch.h"

namespace lanyard::platform::linux_process_runner_test {
namespace {

using namespace std::chrono_literals;
using drain::Ending;
using support::OtherProcess;

constexpr int kSoon = 20'000;

class LinuxProcessRunnerTest : public testing::Test {
protected:
    drain::Command command(std::string const& line) { return {line, scratch.root(), {{"LANYARD_APP", "demo"}}}; }

    Result<Ending> run(std::string const& line, std::chrono::milliseconds deadline = 30s) {
        return support::run(io, runner.run(command(line), deadline));
    }
    Result<Ending> run_detached(std::string const& line, std::chrono::milliseconds deadline = 30s) {
        return support::run(io, runner.run_detached(command(line), scratch / "start.log", deadline));
    }
    std::string make_fifo(std::string const& name) {
        auto const path = (scratch / name).string();
        if (mkfifo(path.c_str(), 0600) != 0) ADD_FAILURE() << "no fifo";
        return path;
    }

    support::Scratch scratch;
    asio::io_context io;
    LinuxProcessRunner runner{io};
};

TEST_F(LinuxProcessRunnerTest, GivesTheExitCodeAndWhatWasWritten) {
    auto const ending = run("echo out; echo err >&2; exit 3");
    ASSERT_TRUE(ending) << ending.error().detail;
    EXPECT_EQ(ending->exit_code, 3);
    EXPECT_EQ(ending->output, "out\nerr\n");
    EXPECT_FALSE(ending->timed_out);
    EXPECT_FALSE(ending->good());
    EXPECT_TRUE(run("true")->good());
}

TEST_F(LinuxProcessRunnerTest, GivesASignalAsAShellDoes) { EXPECT_EQ(run("kill -TERM $$")->exit_code, 128 + SIGTERM); }

TEST_F(LinuxProcessRunnerTest, KeepsTheLastFourKibibytesOfALongOutput) {
    auto const ending = run("head -c 3000000 /dev/zero | tr '\\0' x; echo the end");
    ASSERT_TRUE(ending);
    EXPECT_EQ(ending->output.size(), 4096u);
    EXPECT_TRUE(ending->output.ends_with("xxxthe end\n"));
}

TEST_F(LinuxProcessRunnerTest, RunsInTheDirectoryWithNothingOfTheNode) {
    setenv("LANYARD_TEST_SECRET", "do not hand on", 1);
    auto const ending = run("pwd; env | cut -d= -f1 | sort | tr '\\n' ' '");
    unsetenv("LANYARD_TEST_SECRET");
    ASSERT_TRUE(ending);
    EXPECT_EQ(ending->output, scratch.root().string() + "\nLANYARD_APP LANYARD_NODE PATH PWD ");
}

TEST_F(LinuxProcessRunnerTest, GivesNoInputAndNoDescriptors) {
    int const leaked = open("/dev/null", O_RDONLY);  // without O_CLOEXEC
    ASSERT_LT(leaked, 100);
    auto const ending =
        run("cat; n=3; while [ $n -lt 100 ]; do [ -e /proc/$$/fd/$n ] && echo $n; n=$((n + 1)); done; :");
    close(leaked);
    ASSERT_TRUE(ending);
    EXPECT_TRUE(ending->good());
    EXPECT_EQ(ending->output, "");
}

TEST_F(LinuxProcessRunnerTest, UndoesIgnoredAndBlockedSignals) {
    auto* const before = signal(SIGPIPE, SIG_IGN);
    sigset_t term;
    sigset_t old;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &old);
    auto const ending = run("grep -E 'SigBlk|SigIgn' /proc/self/status | cut -f2");
    sigprocmask(SIG_SETMASK, &old, nullptr);
    signal(SIGPIPE, before);
    ASSERT_TRUE(ending);
    std::istringstream words(ending->output);
    std::uint64_t blocked = 1;
    std::uint64_t ignored = 1;
    words >> std::hex >> blocked >> ignored;
    // Signals 32 and 33 are the C library's own.
    ignored &= (std::uint64_t{1} << 31) - 1;
    EXPECT_EQ(blocked, 0u);
    EXPECT_EQ(ignored, 0u);
}

TEST_F(LinuxProcessRunnerTest, KillsTheWholeProcessGroupAtTheDeadline) {
    auto const ending = run("sleep 1000 & echo $!; wait", 1500ms);
    ASSERT_TRUE(ending);
    EXPECT_TRUE(ending->timed_out);
    OtherProcess const background(std::stoi(ending->output));
    EXPECT_TRUE(background.ends_within(kSoon));
}

TEST_F(LinuxProcessRunnerTest, DoesNotWaitForWhatACommandLeavesBehind) {
    auto const ending = run("sleep 1000 & echo $!");
    ASSERT_TRUE(ending);
    EXPECT_TRUE(ending->good());
    OtherProcess const background(std::stoi(ending->output));
    EXPECT_TRUE(background.lives());
}

TEST_F(LinuxProcessRunnerTest, RunsSeveralCommandsAtOnce) {
    auto const fifo = make_fifo("meeting");
    std::optional<Result<Ending>> reader;
    asio::co_spawn(io, support::keep_result(runner.run(command("cat meeting"), 30s), reader), asio::detached);
    EXPECT_TRUE(run("echo met > meeting")->good());
    ASSERT_TRUE(reader);
    EXPECT_EQ((*reader)->output, "met\n");
}

using Watched = asio::posix::stream_descriptor;

asio::awaitable<Result<Ending>> close_and_run(Watched& first, Watched& second, LinuxProcessRunner& runner,
                                              drain::Command command, std::filesystem::path log) {
    co_await first.async_wait(Watched::wait_read, asio::use_awaitable);
    second.close();
    std::chrono::milliseconds const deadline = 30s;
    auto ending = co_await runner.run_detached(std::move(command), std::move(log), deadline);
    co_return ending;
}

// Asio hands the place of a closed descriptor on while events of it still wait to be told of: what waits at the new one
// is woken by them.
TEST_F(LinuxProcessRunnerTest, WaitsForTheEndOfACommandWhateverWakesItBefore) {
    std::array<int, 2> one{};
    std::array<int, 2> other{};
    ASSERT_EQ(pipe2(one.data(), O_CLOEXEC), 0);
    ASSERT_EQ(pipe2(other.data(), O_CLOEXEC), 0);
    Watched first(io, one[0]);
    Watched second(io, other[0]);
    std::optional<Result<Ending>> ending;
    auto task = close_and_run(first, second, runner, command("sleep 0.5; exit 3"), scratch / "start.log");
    asio::co_spawn(io, support::keep_result(std::move(task), ending), asio::detached);
    second.async_wait(Watched::wait_read, [](auto const&) {});
    while (io.poll() > 0) {
    }
    // Both are told of at the next look, in this order.
    ASSERT_EQ(write(one[1], "x", 1), 1);
    ASSERT_EQ(write(other[1], "x", 1), 1);
    while (!ending) io.run_one();
    ASSERT_TRUE(*ending);
    EXPECT_FALSE((*ending)->timed_out);
    EXPECT_EQ((*ending)->exit_code, 3);
    close(one[1]);
    close(other[1]);
}

TEST_F(LinuxProcessRunnerTest, RefusesADirectoryThatDoesNotExist) {
    auto lost = command("true");
    lost.directory = scratch / "nowhere";
    auto const ending = support::run(io, runner.run(lost, 1s));
    ASSERT_FALSE(ending);
    EXPECT_EQ(ending.error().code, drain::Errc::cannot_run);
    EXPECT_NE(ending.error().detail.find("nowhere"), std::string::npos);
    EXPECT_FALSE(support::run(io, runner.run_detached(lost, scratch / "start.log", 1s)));
    runner.launch_detached(lost, scratch / "start.log");
}

TEST_F(LinuxProcessRunnerTest, GivesCommandsTheLimitOfOpenFilesThatWasInTheWayOfTheNode) {
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit low = before;
    low.rlim_cur = 300;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    auto const given = raise_open_files();
    rlimit raised{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &raised), 0);
    LinuxProcessRunner limited(io, LinuxProcessRunner::kSearchPath, given);
    auto const ending = support::run(io, limited.run(command("ulimit -S -n"), 30s));
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(given, 300u);
    EXPECT_EQ(raised.rlim_cur, before.rlim_max);
    ASSERT_TRUE(ending);
    EXPECT_EQ(ending->output, "300\n");
}

TEST_F(LinuxProcessRunnerTest, StartsInASessionOfItsOwn) {
    auto const ending = run("awk '{ print ($1 == $5 && $1 == $6) }' /proc/$$/stat");
    ASSERT_TRUE(ending);
    EXPECT_EQ(ending->output, "1\n");
}

TEST_F(LinuxProcessRunnerTest, WritesTheOutputOfADetachedCommandToItsLog) {
    auto const ending = run_detached("echo started; exit 4");
    ASSERT_TRUE(ending);
    EXPECT_EQ(ending->exit_code, 4);
    EXPECT_EQ(ending->output, "started\n");
    EXPECT_EQ(run_detached("echo again")->output, "again\n");
    EXPECT_EQ(support::read_file(scratch / "start.log"), "started\nagain\n");
}

TEST_F(LinuxProcessRunnerTest, EmptiesALogThatHasGrownTooLarge) {
    support::write_file(scratch / "start.log", std::string(1024 * 1024, 'x'));
    ASSERT_TRUE(run_detached("echo one"));
    EXPECT_EQ(std::filesystem::file_size(scratch / "start.log"), 1024u * 1024 + 4);
    EXPECT_EQ(run_detached("echo two")->output, "two\n");
    EXPECT_EQ(support::read_file(scratch / "start.log"), "two\n");
}

TEST_F(LinuxProcessRunnerTest, StartsWithoutALogRatherThanWriteThroughALink) {
    support::write_file(scratch / "precious", "keep me");
    std::filesystem::create_symlink(scratch / "precious", scratch / "start.log");
    EXPECT_TRUE(run_detached("echo overwritten")->good());
    std::filesystem::remove(scratch / "start.log");
    std::filesystem::create_hard_link(scratch / "precious", scratch / "start.log");
    EXPECT_TRUE(run_detached("echo overwritten")->good());
    std::filesystem::remove(scratch / "start.log");
    make_fifo("start.log");
    EXPECT_TRUE(run_detached("echo overwritten")->good());
    EXPECT_EQ(support::read_file(scratch / "precious"), "keep me");
}

TEST_F(LinuxProcessRunnerTest, LeavesAHungStartAloneUntilItIsToldToEndIt) {
    auto const ending = run_detached("echo $$ > pid; exec sleep 1000", 1500ms);
    ASSERT_TRUE(ending);
    EXPECT_TRUE(ending->timed_out);
    ASSERT_NE(ending->left_running, 0u);
    OtherProcess const hung(support::read_pid(scratch / "pid"));
    EXPECT_TRUE(hung.lives());
    runner.end(ending->left_running);
    EXPECT_TRUE(hung.ends_within(kSoon));
    runner.end(ending->left_running);
}

TEST_F(LinuxProcessRunnerTest, InAHurryItKillsWhatItWaitsForAndLeavesWhatIsToOutliveIt) {
    std::optional<Result<Ending>> stop;
    std::optional<Result<Ending>> start;
    auto const forever = std::chrono::hours(1);
    make_fifo("begun");
    asio::co_spawn(io, support::keep_result(runner.run(command("echo > begun; sleep 1000"), forever), stop),
                   asio::detached);
    asio::co_spawn(io,
                   support::keep_result(runner.run_detached(command("echo $$ > pid; cat begun; exec sleep 1000"),
                                                            scratch / "start.log", forever),
                                        start),
                   asio::detached);
    auto const hurry = [this] {
        // Both have begun when the one has read what the other wrote.
        while (support::read_file(scratch / "start.log").empty()) continue;
        runner.hurry(1ms);
    };
    asio::post(io, hurry);
    io.restart();
    io.run();
    ASSERT_TRUE(stop && start);
    EXPECT_TRUE((*stop)->timed_out);
    EXPECT_TRUE((*start)->timed_out);
    OtherProcess const application(support::read_pid(scratch / "pid"));
    EXPECT_TRUE(application.lives());
}

// The node itself is killed, as by the kernel when memory is short, right after it has begun to start the application.
TEST_F(LinuxProcessRunnerTest, WhatItLaunchesOutlivesIt) {
    auto const fifo = make_fifo("pid");
    pid_t const node = fork();
    ASSERT_GE(node, 0);
    if (node == 0) {
        runner.launch_detached(command("echo $$ > pid; exec sleep 1000"), scratch / "start.log");
        kill(getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(waitpid(node, &status, 0), node);
    ASSERT_TRUE(WIFSIGNALED(status));
    OtherProcess const application(support::read_pid(fifo));
    EXPECT_TRUE(application.lives());
}

}  // namespace
}  // namespace lanyard::platform::linux_process_runner_test
