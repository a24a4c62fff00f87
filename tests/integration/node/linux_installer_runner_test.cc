#include "node/platform/linux_installer_runner.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "node/apply/errc.h"
#include "node/platform/linux_process_runner.h"
#include "tests/support/fake_processes.h"
#include "tests/support/loop.h"
#include "tests/support/scratch.h"

namespace lanyard::platform {
namespace {

using namespace std::chrono_literals;

class InstallerRunnerTest : public testing::Test {
protected:
    Result<apply::Exit> carry_out(std::vector<std::string> words, std::chrono::milliseconds deadline = 60s) {
        apply::Call const call{std::move(words), {{"COLOUR", "blue"}}};
        return support::run(io, installers.carry_out(call, scratch / "install.log", deadline));
    }

    support::Scratch scratch;
    asio::io_context io;
    LinuxProcessRunner runner{io};
    LinuxInstallerRunner installers{runner, scratch / "lock", false, "lanyard-confine"};
};

TEST_F(InstallerRunnerTest, HandsEachWordOnAsItIs) {
    auto const done = carry_out({"printf", "%s|", "two words", "it's", "$HOME", "`id`", "a\nb", ""});
    ASSERT_TRUE(done) << done.error().detail;
    EXPECT_EQ(done->code, 0u);
    EXPECT_EQ(done->output, "two words|it's|$HOME|`id`|a\nb||");
}

TEST_F(InstallerRunnerTest, TellsHowAnInstallerEndedAndWhatItSaid) {
    auto const done = carry_out({"/bin/sh", "-c", "echo $COLOUR >&2; exit 75"});
    ASSERT_TRUE(done);
    EXPECT_EQ(done->code, 75u);
    EXPECT_EQ(done->output, "blue\n");
    EXPECT_FALSE(done->timed_out);
    EXPECT_EQ(support::read_file(scratch / "install.log"), "blue\n");
    apply::Call const question{{"/bin/sh", "-c", "echo yes; exit 3"}};
    auto const answer = support::run(io, installers.ask(question, 60s));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->code, 3u);
    EXPECT_EQ(answer->output, "yes\n");
}

TEST_F(InstallerRunnerTest, ADirectoryThatOthersMayWriteIsNotSafe) {
    auto const release = scratch / "versions/1.0.0";
    std::filesystem::create_directories(release);
    EXPECT_TRUE(installers.safe(release)) << installers.safe(release).error().detail;
    std::filesystem::permissions(scratch / "versions", std::filesystem::perms(0775));
    auto const open = installers.safe(release);
    ASSERT_FALSE(open);
    EXPECT_EQ(open.error().code, apply::Errc::unusable_home);
    EXPECT_NE(open.error().detail.find("versions may be written by others"), std::string::npos) << open.error().detail;
    std::filesystem::permissions(scratch / "versions", std::filesystem::perms(0755));
    if (geteuid() == 0) {
        ASSERT_EQ(chown(release.c_str(), 12345, 0), 0);
        EXPECT_NE(installers.safe(release).error().detail.find("belongs to user 12345"), std::string::npos);
    }
    EXPECT_FALSE(installers.safe(scratch / "nowhere"));
    std::filesystem::create_directory_symlink(scratch / "versions", scratch / "link");
    EXPECT_NE(installers.safe(scratch / "link/1.0.0").error().detail.find("is a link"), std::string::npos);
}

TEST_F(InstallerRunnerTest, KillsWhatDoesNotEndInTime) {
    auto const done = carry_out({"sleep", "1000"}, 50ms);
    ASSERT_TRUE(done);
    EXPECT_TRUE(done->timed_out);
    // The lock is free again.
    EXPECT_TRUE(support::run(io, installers.wait_for_earlier(60s)));
}

// The node ends; its installer does not, and the next node waits for it.
TEST_F(InstallerRunnerTest, LeavesAnInstallerAtWorkWhenTheNodeIsToEndAndWaitsForItLater) {
    auto const pipe = scratch / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    installers.hurry();
    auto const left = carry_out({"/bin/sh", "-c", "read line <" + pipe.string() + "; echo ended"}, 50ms);
    ASSERT_TRUE(left);
    EXPECT_TRUE(left->timed_out);

    LinuxInstallerRunner next(runner, scratch / "lock", false, "lanyard-confine");
    auto const early = support::run(io, next.wait_for_earlier(50ms));
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().code, apply::Errc::under_way);
    std::ofstream(pipe) << "go on\n";
    EXPECT_TRUE(support::run(io, next.wait_for_earlier(60s)));
    EXPECT_EQ(support::read_file(scratch / "install.log"), "ended\n");
}

TEST_F(InstallerRunnerTest, AsksForAScopeOfItsOwnWhereSystemdRunsTheMachine) {
    support::FakeRunner recorded;
    LinuxInstallerRunner scoped(recorded, "/state/installers.lock", true, "/usr/bin/lanyard-confine");
    apply::Call const call{{"dpkg", "--install", "/a b.deb"}};
    ASSERT_TRUE(support::run(io, scoped.carry_out(call, "/home/install.log", 5s)));
    EXPECT_EQ(recorded.lines().front(),
              "exec 'systemd-run' '--scope' '--quiet' '--collect' '--' 'flock' '--close' '--exclusive' "
              "'/state/installers.lock' 'dpkg' '--install' '/a b.deb'");
    EXPECT_EQ(recorded.deadlines.front(), 5s);
}

TEST_F(InstallerRunnerTest, ConfinesWhatHasToBeConfined) {
    support::FakeRunner recorded;
    LinuxInstallerRunner confining(recorded, "/lock", false, "/usr/bin/lanyard-confine");
    apply::Call const call{{"script", "install"}, {}, "/apps/shop"};
    ASSERT_TRUE(support::run(io, confining.carry_out(call, "/home/install.log", 5s)));
    EXPECT_EQ(
        recorded.lines().front(),
        "exec 'flock' '--close' '--exclusive' '/lock' '/usr/bin/lanyard-confine' '/apps/shop' 'script' 'install'");
}

}  // namespace
}  // namespace lanyard::platform
