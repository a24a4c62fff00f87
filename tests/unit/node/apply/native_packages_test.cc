#include "node/apply/native_packages.h"

#include <gtest/gtest.h>

#include "node/apply/errc.h"
#include "node/platform/linux_place.h"
#include "tests/support/fake_time.h"
#include "tests/support/loop.h"
#include "tests/support/package_machine.h"
#include "tests/support/recorded_events.h"
#include "tests/support/sample_target.h"

namespace lanyard::apply {
namespace {

namespace fs = std::filesystem;
using Versions = std::vector<std::string>;

class NativePackagesTest : public testing::Test {
protected:
    NativePackagesTest() { fs::create_directories(home); }

    static release::Target target(std::string const& version, std::uint64_t counter) {
        auto message = support::sample_message("shop", version, counter);
        message.set_type(v1::PACKAGE_TYPE_DEB);
        message.set_path("shop/stable/" + version + "/linux-amd64/shop-" + version + ".deb");
        return support::sample_target(message);
    }
    check::Offer offer(std::string const& to, std::optional<std::string> const& from) {
        std::optional<release::Target> running;
        if (from) running = target(*from, 1);
        return {target(to, 2), running, home};
    }
    // A staged package whose content is "shop <version>-1" and what is said of it.
    stage::StagedRelease staged(std::string const& version, std::string const& more = "") {
        support::write_file(home / "staging/abc/shop.deb", "shop " + version + "-1 " + more);
        return {home / "staging/abc"};
    }
    Status to(std::string const& version, std::optional<std::string> const& from, std::string const& more = "") {
        auto const wanted = offer(version, from);
        auto const release = staged(version, more);
        return support::run(io, native().switch_to(wanted, release));
    }
    Status back(std::string const& version, std::optional<std::string> const& from) {
        auto const wanted = offer(version, from);
        return support::run(io, native().switch_back(wanted));
    }
    Status settle(std::string const& version, std::optional<std::string> const& from) {
        auto const wanted = offer(version, from);
        return support::run(io, native().settle(wanted));
    }
    Status rehearse(std::string const& version, std::optional<std::string> const& from, std::string const& more = "") {
        auto const wanted = offer(version, from);
        auto const release = staged(version, more);
        return support::run(io, native().rehearse(wanted, release));
    }
    void install(std::string const& version, std::optional<std::string> const& from = {}) {
        auto const done = to(version, from);
        ASSERT_TRUE(done) << done.error().detail;
        machine.changes.clear();
    }
    void expect_at(std::optional<std::string> const& version) {
        auto const found = place.current(home);
        ASSERT_TRUE(found);
        EXPECT_EQ(*found, version);
        bool const there = machine.database.contains("shop");
        EXPECT_EQ(there, version.has_value());
        if (there && version) {
            EXPECT_EQ(machine.database["shop"].version, *version + "-1");
            EXPECT_FALSE(machine.database["shop"].broken);
        }
    }

    // A release of type debs, and its packages staged.
    release::Target bundle(std::string const& version, std::uint64_t counter) {
        auto message = support::sample_message("shop", version, counter);
        message.set_type(v1::PACKAGE_TYPE_DEBS);
        return support::sample_target(message);
    }
    check::Offer bundle_offer(std::string const& to, std::optional<std::string> const& from) {
        std::optional<release::Target> running;
        if (from) running = bundle(*from, 1);
        return {bundle(to, 2), running, home};
    }
    Status bundle_to(std::string const& version, std::optional<std::string> const& from, Versions const& packages) {
        auto const wanted = bundle_offer(version, from);
        fs::remove_all(home / "staging/abc");
        for (auto const& package : packages) {
            support::write_file(home / "staging/abc" / (words_of(package).front() + ".deb"), package);
        }
        stage::StagedRelease const release{home / "staging/abc"};
        auto const fit = support::run(io, native().rehearse(wanted, release));
        if (!fit) return fit;
        return support::run(io, native().switch_to(wanted, release));
    }
    // "shop 1-1, shop-plugins 1-1"
    void expect_there(std::string const& packages) {
        std::string there;
        for (auto const& [name, entry] : machine.database) {
            there += (there.empty() ? "" : ", ") + name + " " + entry.version + (entry.broken ? "!" : "");
        }
        EXPECT_EQ(there, packages);
    }

    // As a node that has just been started has it.
    NativePackages& native() {
        installer.emplace([this](release::PackageType) -> Tool const& { return machine; },
                          Installer::Machine{machine, time, time.steady_clock()}, events);
        made.emplace(directories, *installer);
        return *made;
    }

    support::Scratch scratch;
    fs::path home = scratch / "shop";
    asio::io_context io;
    support::FakeTime time;
    support::PackageMachine machine;
    support::RecordedEvents events;
    platform::LinuxPlace place;
    async::DiskPool disk;
    BackgroundDirectories directories{place, disk};
    std::optional<Installer> installer;
    std::optional<NativePackages> made;
};

TEST_F(NativePackagesTest, InstallsAndKeepsThePackageToGoBackWith) {
    install("1.0.0");
    expect_at("1.0.0");
    auto const upgraded = to("2.0.0", "1.0.0");
    ASSERT_TRUE(upgraded) << upgraded.error().detail;
    EXPECT_EQ(machine.changes, Versions{"install shop 2.0.0-1"});
    expect_at("2.0.0");
    EXPECT_TRUE(fs::exists(home / "versions/1.0.0/shop.deb"));

    ASSERT_TRUE(back("2.0.0", "1.0.0"));
    EXPECT_EQ(machine.changes.back(), "go_back shop 1.0.0-1");
    expect_at("1.0.0");
}

TEST_F(NativePackagesTest, SwitchingAgainChangesNothing) {
    install("1.0.0");
    ASSERT_TRUE(to("1.0.0", {}));
    EXPECT_TRUE(machine.changes.empty());
    ASSERT_TRUE(back("2.0.0", "1.0.0"));
    EXPECT_TRUE(machine.changes.empty());
}

TEST_F(NativePackagesTest, AScriptThatFailsIsSaidAndTheOldPackageComesBack) {
    install("1.0.0");
    auto const refused = to("2.0.0", "1.0.0", "refuses");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused_by_installer);
    EXPECT_NE(refused.error().detail.find("the script of shop has failed"), std::string::npos);
    EXPECT_EQ(place.current(home).value(), "1.0.0");
    ASSERT_TRUE(back("2.0.0", "1.0.0"));
    expect_at("1.0.0");
}

TEST_F(NativePackagesTest, WhatGoesBackBadlyIsMended) {
    install("1.0.0");
    ASSERT_FALSE(to("2.0.0", "1.0.0", "refuses"));
    machine.failing = {"go_back shop 1.0.0-1"};
    machine.changes.clear();
    ASSERT_TRUE(back("2.0.0", "1.0.0"));
    EXPECT_EQ(machine.changes, (Versions{"go_back shop 1.0.0-1", "mend shop"}));
    expect_at("1.0.0");
}

TEST_F(NativePackagesTest, WhatCannotBePutBackIsSaid) {
    install("1.0.0");
    ASSERT_FALSE(to("2.0.0", "1.0.0", "refuses"));
    machine.failing = {"go_back shop 1.0.0-1", "mend shop"};
    auto const stuck = back("2.0.0", "1.0.0");
    ASSERT_FALSE(stuck);
    EXPECT_EQ(stuck.error().code, Errc::refused_by_installer);
    fs::remove(home / "versions/1.0.0/shop.deb");
    EXPECT_EQ(back("2.0.0", "1.0.0").error().code, Errc::missing_release);
}

TEST_F(NativePackagesTest, AFirstReleaseGoesWithoutATrace) {
    ASSERT_FALSE(to("1.0.0", {}, "refuses"));
    ASSERT_TRUE(back("1.0.0", {}));
    EXPECT_EQ(machine.changes.back(), "remove shop");
    expect_at({});
    // Nothing was begun: nothing is removed.
    machine.changes.clear();
    machine.database["shop"] = {"9-9"};
    ASSERT_TRUE(back("7.0.0", {}));
    // Nor what somebody has put in its place.
    ASSERT_TRUE(back("1.0.0", {}));
    EXPECT_TRUE(machine.changes.empty());
}

TEST_F(NativePackagesTest, WhatWasInstalledByHandIsTakenOverAndStays) {
    machine.database["shop"] = {"1.0.0-1"};
    ASSERT_TRUE(to("1.0.0", {}));
    EXPECT_TRUE(machine.changes.empty());
    expect_at("1.0.0");
    ASSERT_TRUE(back("1.0.0", {}));
    EXPECT_TRUE(machine.changes.empty());
    EXPECT_EQ(machine.database["shop"].version, "1.0.0-1");
}

TEST_F(NativePackagesTest, TheRehearsalRefusesWhatCouldNotBeTakenBack) {
    machine.database["shop"] = {"0.9-1"};
    auto const foreign = rehearse("1.0.0", {});
    ASSERT_FALSE(foreign);
    EXPECT_EQ(foreign.error().code, Errc::not_for_this_machine);
    EXPECT_NE(foreign.error().detail.find("0.9-1 already"), std::string::npos) << foreign.error().detail;
    machine.database.clear();
    EXPECT_TRUE(rehearse("1.0.0", {}));
}

TEST_F(NativePackagesTest, TheRehearsalRefusesWhatNeedsSomethingElse) {
    auto const lacking = rehearse("1.0.0", {}, "needs");
    ASSERT_FALSE(lacking);
    EXPECT_EQ(lacking.error().code, Errc::not_for_this_machine);
    EXPECT_NE(lacking.error().detail.find("libmissing"), std::string::npos);
    EXPECT_TRUE(machine.changes.empty());
}

TEST_F(NativePackagesTest, WhatSomebodyElseCouldExchangeIsNotInstalled) {
    machine.exchangeable = true;
    EXPECT_EQ(rehearse("1.0.0", {}).error().code, Errc::unusable_home);
    EXPECT_EQ(to("1.0.0", {}).error().code, Errc::unusable_home);
    EXPECT_TRUE(machine.changes.empty());
}

TEST_F(NativePackagesTest, TheRehearsalTellsPackagesApart) {
    install("1.0.0");
    auto const wanted = offer("2.0.0", "1.0.0");
    support::write_file(home / "staging/abc/shop.deb", "shop 1.0.0-1 ");
    stage::StagedRelease const release{home / "staging/abc"};
    auto const same = support::run(io, native().rehearse(wanted, release));
    ASSERT_FALSE(same);
    EXPECT_NE(same.error().detail.find("a package version of its own"), std::string::npos);
    support::write_file(home / "staging/abc/shop.deb", "store 2.0.0-1 ");
    auto const other = support::run(io, native().rehearse(wanted, release));
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().detail.find("another application"), std::string::npos);
    machine.removes_first = true;
    EXPECT_TRUE(support::run(io, native().rehearse(wanted, release)));
}

TEST_F(NativePackagesTest, AToolThatCannotGoBackRemovesFirst) {
    machine.removes_first = true;
    install("1.0.0");
    ASSERT_TRUE(to("2.0.0", "1.0.0"));
    machine.changes.clear();
    ASSERT_TRUE(back("2.0.0", "1.0.0"));
    EXPECT_EQ(machine.changes, (Versions{"remove shop", "go_back shop 1.0.0-1"}));
    expect_at("1.0.0");
}

TEST_F(NativePackagesTest, WaitsWhileAnotherInstallationIsUnderWay) {
    machine.busy = 3;
    ASSERT_TRUE(to("1.0.0", {}));
    expect_at("1.0.0");
    EXPECT_GE(time.slept.size(), 3u);
}

TEST_F(NativePackagesTest, DoesNotWaitBeyondItsDeadline) {
    machine.busy = 1'000'000;
    auto const late = to("1.0.0", {});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, Errc::busy) << "the release is not at fault";
}

TEST_F(NativePackagesTest, ANodeThatEndsLeavesTheInstallerAtWork) {
    machine.on_change = [this] { made->hurry(); };
    auto const left = to("1.0.0", {});
    ASSERT_FALSE(left);
    EXPECT_EQ(left.error().code, Errc::under_way);
    machine.earlier_at_work = true;
    EXPECT_FALSE(settle("1.0.0", {}));
}

// The process dies half-way through each change, in each direction; what the next one finds decides.
TEST_F(NativePackagesTest, DeathInAnyChangeLeavesOneReleaseAsAWhole) {
    install("1.0.0");
    machine.dies_at = 0;
    EXPECT_THROW((void)to("2.0.0", "1.0.0"), std::runtime_error);
    machine.dies_at.reset();
    machine.changes.clear();
    ASSERT_TRUE(settle("2.0.0", "1.0.0"));
    EXPECT_EQ(machine.waits, 1);
    EXPECT_EQ(machine.changes, Versions{"mend shop"});
    expect_at("2.0.0");

    machine.dies_at = machine.changes.size();
    EXPECT_THROW((void)back("2.0.0", "1.0.0"), std::runtime_error);
    machine.dies_at.reset();
    ASSERT_TRUE(back("2.0.0", "1.0.0"));
    expect_at("1.0.0");
}

TEST_F(NativePackagesTest, SettlesOnTheOldReleaseWhenTheNewOneCannotBeMended) {
    install("1.0.0");
    machine.dies_at = 0;
    EXPECT_THROW((void)to("2.0.0", "1.0.0"), std::runtime_error);
    machine.dies_at.reset();
    machine.failing = {"mend shop"};
    ASSERT_TRUE(settle("2.0.0", "1.0.0"));
    expect_at("1.0.0");
}

TEST_F(NativePackagesTest, SettlesOnWhatTheInstallerFinishedAfterTheNodeHadDied) {
    install("1.0.0");
    machine.dies_at = 0;
    EXPECT_THROW((void)to("2.0.0", "1.0.0"), std::runtime_error);
    machine.dies_at.reset();
    machine.changes.clear();
    machine.database["shop"] = {"2.0.0-1"};
    ASSERT_TRUE(settle("2.0.0", "1.0.0"));
    EXPECT_TRUE(machine.changes.empty());
    expect_at("2.0.0");
}

TEST_F(NativePackagesTest, ABundleGoesTogetherAndItsPackagesComeAndGoWithIt) {
    ASSERT_TRUE(bundle_to("1.0.0", {}, {"app 1-1", "old-plugin 1-1"}));
    expect_there("app 1-1, old-plugin 1-1");
    auto const upgraded = bundle_to("2.0.0", "1.0.0", {"app 2-1", "new-plugin 2-1"});
    ASSERT_TRUE(upgraded) << upgraded.error().detail;
    expect_there("app 2-1, new-plugin 2-1");
    ASSERT_TRUE(support::run(io, native().switch_back(bundle_offer("2.0.0", "1.0.0"))));
    expect_there("app 1-1, old-plugin 1-1");
    EXPECT_EQ(place.current(home).value(), "1.0.0");
}

TEST_F(NativePackagesTest, OneThatFailsTakesTheBundleBack) {
    ASSERT_TRUE(bundle_to("1.0.0", {}, {"app 1-1", "plugin 1-1"}));
    auto const refused = bundle_to("2.0.0", "1.0.0", {"app 2-1", "plugin 2-1 refuses"});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().detail.find("the script of plugin has failed"), std::string::npos);
    ASSERT_TRUE(support::run(io, native().switch_back(bundle_offer("2.0.0", "1.0.0"))));
    expect_there("app 1-1, plugin 1-1");
}

TEST_F(NativePackagesTest, AFirstBundleThatFailsLeavesNothing) {
    ASSERT_FALSE(bundle_to("1.0.0", {}, {"app 1-1 refuses", "plugin 1-1"}));
    ASSERT_TRUE(support::run(io, native().switch_back(bundle_offer("1.0.0", {}))));
    expect_there("");
}

TEST_F(NativePackagesTest, ABundleAddsNothingThatSomebodyElseHasInstalled) {
    ASSERT_TRUE(bundle_to("1.0.0", {}, {"app 1-1"}));
    machine.database["plugin"] = {"2-1"};
    machine.changes.clear();
    auto const taken = bundle_to("2.0.0", "1.0.0", {"app 2-1", "plugin 2-1"});
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Errc::not_for_this_machine);
    EXPECT_NE(taken.error().detail.find("by somebody else"), std::string::npos) << taken.error().detail;
    EXPECT_TRUE(machine.changes.empty());
    auto const twice = bundle_to("2.0.0", "1.0.0", {"app 2-1", "app 3-1"});
    EXPECT_TRUE(twice) << "one file of that name";
}

TEST_F(NativePackagesTest, DeathInAnyChangeLeavesOneBundleAsAWhole) {
    for (std::size_t death = 0; death < 3; ++death) {
        fs::remove_all(home);
        fs::create_directories(home);
        machine.database.clear();
        ASSERT_TRUE(bundle_to("1.0.0", {}, {"app 1-1", "old-plugin 1-1"}));
        machine.changes.clear();
        machine.dies_at = death;
        EXPECT_THROW((void)bundle_to("2.0.0", "1.0.0", {"app 2-1", "new-plugin 2-1"}), std::runtime_error) << death;
        machine.dies_at.reset();
        auto const settled = support::run(io, native().settle(bundle_offer("2.0.0", "1.0.0")));
        ASSERT_TRUE(settled) << death << ": " << settled.error().detail;
        bool const on_new = place.current(home).value() == "2.0.0";
        expect_there(on_new ? "app 2-1, new-plugin 2-1" : "app 1-1, old-plugin 1-1");
    }
}

TEST_F(NativePackagesTest, SettlesAtOnceWhenNothingWasBegun) {
    install("1.0.0");
    ASSERT_TRUE(settle("2.0.0", "1.0.0"));
    EXPECT_EQ(machine.waits, 0);
    EXPECT_TRUE(machine.changes.empty());
    expect_at("1.0.0");
}

}  // namespace
}  // namespace lanyard::apply
