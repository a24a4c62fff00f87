#include "node/apply/version_directories.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "node/apply/errc.h"
#include "node/platform/linux_place.h"
#include "tests/support/sample_target.h"
#include "tests/support/scratch.h"

namespace lanyard::apply {
namespace {

namespace fs = std::filesystem;
using support::read_file;
using support::sample_target;
using support::write_file;

// Stops at the given step as a power cut would: before it, or after it; later steps never happen.
class CutPlace final : public Place {
public:
    explicit CutPlace(Place& place) : place_(place) {}

    Status make_directory(fs::path const& directory) override {
        return step([&] { return place_.make_directory(directory); });
    }
    Status move(fs::path const& from, fs::path const& to) override {
        return step([&] { return place_.move(from, to); });
    }
    Result<std::optional<std::string>> current(fs::path const& home) const override { return place_.current(home); }
    Status point(fs::path const& home, std::string const& version) override {
        return step([&] { return place_.point(home, version); });
    }
    Status clear(fs::path const& home) override {
        return step([&] { return place_.clear(home); });
    }

    int cut_at = -1;
    bool after = false;
    int steps = 0;

private:
    template <class Act>
    Status step(Act act) {
        auto const cut = fail(Errc::unusable_home, "power cut");
        if (cut_at >= 0 && steps > cut_at) return cut;
        bool const here = steps++ == cut_at;
        if (here && !after) return cut;
        auto const done = act();
        if (here) return cut;
        return done;
    }

    Place& place_;
};

class VersionDirectoriesTest : public testing::Test {
protected:
    VersionDirectoriesTest() { fs::create_directories(home); }

    check::Offer offer(std::string const& to, std::optional<std::string> const& from) {
        std::optional<release::Target> running;
        if (from) running = sample_target("shop", *from, 1);
        return {sample_target("shop", to, 2), running, home};
    }
    stage::StagedRelease staged(std::string const& content) {
        write_file(home / "staging/abc/bin/shop", content);
        return {home / "staging/abc"};
    }
    void install(std::string const& version, std::optional<std::string> const& from) {
        auto const switched = directories.switch_to(offer(version, from), staged(version));
        ASSERT_TRUE(switched) << switched.error().detail;
    }
    std::string running() { return read_file(home / "current/bin/shop"); }

    support::Scratch scratch;
    fs::path home = scratch / "shop";
    platform::LinuxPlace real;
    CutPlace place{real};
    VersionDirectories directories{place};
};

TEST_F(VersionDirectoriesTest, FollowsNoLinkToTheReleasesOfSomebodyElse) {
    install("1.0.0", {});
    auto const other = scratch / "other";
    write_file(other / "7.0.0/data", "theirs");
    fs::rename(home / "versions", home / "elsewhere");
    fs::create_directory_symlink(other, home / "versions");
    directories.keep_only(home, "1.0.0", "");
    EXPECT_TRUE(fs::exists(other / "7.0.0/data"));
    auto const switched = directories.switch_to(offer("7.0.0", "1.0.0"), staged("mine"));
    ASSERT_FALSE(switched);
    EXPECT_EQ(switched.error().code, Errc::unusable_home);
    EXPECT_EQ(read_file(other / "7.0.0/data"), "theirs");
}

TEST_F(VersionDirectoriesTest, MakesTheFirstReleaseCurrent) {
    EXPECT_EQ(directories.current(home).value(), std::nullopt);
    install("1.0.0", std::nullopt);
    EXPECT_EQ(directories.current(home).value(), "1.0.0");
    EXPECT_EQ(running(), "1.0.0");
    EXPECT_FALSE(fs::exists(home / "staging/abc"));
}

TEST_F(VersionDirectoriesTest, KeepsTheOldReleaseBesideTheNewOne) {
    install("1.0.0", std::nullopt);
    install("2.0.0", "1.0.0");
    EXPECT_EQ(running(), "2.0.0");
    EXPECT_EQ(read_file(home / "versions/1.0.0/bin/shop"), "1.0.0");
}

TEST_F(VersionDirectoriesTest, SwitchesBack) {
    install("1.0.0", std::nullopt);
    install("2.0.0", "1.0.0");
    ASSERT_TRUE(directories.switch_back(offer("2.0.0", "1.0.0")));
    EXPECT_EQ(running(), "1.0.0");
    EXPECT_TRUE(directories.switch_back(offer("2.0.0", "1.0.0")));
}

TEST_F(VersionDirectoriesTest, TakesAFirstReleaseAwayAgain) {
    install("1.0.0", std::nullopt);
    ASSERT_TRUE(directories.switch_back(offer("1.0.0", std::nullopt)));
    EXPECT_EQ(directories.current(home).value(), std::nullopt);
}

TEST_F(VersionDirectoriesTest, DoesNotGoBackToWhatIsGone) {
    install("1.0.0", std::nullopt);
    install("2.0.0", "1.0.0");
    fs::remove_all(home / "versions/1.0.0");
    auto const back = directories.switch_back(offer("2.0.0", "1.0.0"));
    ASSERT_FALSE(back);
    EXPECT_EQ(back.error().code, Errc::missing_release);
    EXPECT_EQ(running(), "2.0.0");
}

TEST_F(VersionDirectoriesTest, SetsALeftoverOfTheSameVersionAside) {
    install("1.0.0", std::nullopt);
    write_file(home / "versions/2.0.0/bin/shop", "half of something");
    install("2.0.0", "1.0.0");
    EXPECT_EQ(running(), "2.0.0");
    directories.keep_only(home, "2.0.0", "1.0.0");
    EXPECT_EQ(std::distance(fs::directory_iterator(home / "versions"), fs::directory_iterator()), 2);
}

TEST_F(VersionDirectoriesTest, NeverRemovesTheCurrentRelease) {
    install("1.0.0", std::nullopt);
    install("2.0.0", "1.0.0");
    directories.keep_only(home, "3.0.0", "");
    EXPECT_EQ(running(), "2.0.0");
    EXPECT_FALSE(fs::exists(home / "versions/1.0.0"));
}

TEST_F(VersionDirectoriesTest, LeavesACurrentThatIsNotOursAlone) {
    write_file(home / "current", "somebody's file");
    auto const switched = directories.switch_to(offer("1.0.0", std::nullopt), staged("1.0.0"));
    ASSERT_FALSE(switched);
    EXPECT_EQ(switched.error().code, Errc::foreign_current);
    EXPECT_EQ(read_file(home / "current"), "somebody's file");
}

TEST_F(VersionDirectoriesTest, DoesNotFollowALinkOutOfItsVersions) {
    fs::create_directory_symlink("../elsewhere", home / "current");
    EXPECT_FALSE(directories.current(home));
}

TEST_F(VersionDirectoriesTest, IsOldOrNewWhereverThePowerFails) {
    install("1.0.0", std::nullopt);
    write_file(home / "versions/2.0.0/bin/shop", "left over");
    int const steps = 4;  // make versions/, set aside, move in, switch
    for (int cut = 0; cut < steps; ++cut) {
        for (bool const after : {false, true}) {
            ASSERT_TRUE(real.point(home, "1.0.0"));
            auto const release = staged("2.0.0");
            place.cut_at = cut;
            place.after = after;
            place.steps = 0;
            EXPECT_FALSE(directories.switch_to(offer("2.0.0", "1.0.0"), release)) << cut << after;
            EXPECT_EQ(running(), cut == 3 && after ? "2.0.0" : "1.0.0") << cut << after;

            place.cut_at = -1;
            auto const again = directories.switch_to(offer("2.0.0", "1.0.0"), release);
            ASSERT_TRUE(again) << again.error().detail << cut << after;
            EXPECT_EQ(running(), "2.0.0") << cut << after;
        }
    }
}

}  // namespace
}  // namespace lanyard::apply
