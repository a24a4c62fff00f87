#include "node/stage/tree_stager.h"

#include <gtest/gtest.h>

#include <future>

#include "manifests/package/errc.h"
#include "node/stage/errc.h"
#include "tests/support/archives.h"
#include "tests/support/loop.h"
#include "tests/support/sample_target.h"
#include "tests/support/tree.h"

namespace lanyard::stage {
namespace {

namespace fs = std::filesystem;
using support::read_file;
using support::write_file;

std::string const kProgram = "#!/bin/sh\nexit 0\n";

class TreeStagerTest : public testing::Test {
protected:
    TreeStagerTest() { offer_package(support::tar_of({{.path = "bin/app", .content = kProgram, .mode = 0755}}), 2); }

    // A package of these bytes that unpacks to kProgram and directories around it.
    void offer_package(std::string const& bytes, std::uint64_t entries) {
        write_file(package.file, bytes);
        offer.target.sha256 = package::digest_file(package.file, nullptr).value();
        offer.target.length = bytes.size();
        offer.target.unpacked_length = kProgram.size();
        offer.target.entry_count = entries;
    }

    Result<StagedRelease> stage() { return support::run(io, stager.stage(offer, package)); }

    fs::path staging() const { return offer.home / "staging"; }
    fs::path expected() const { return staging() / offer.target.sha256.to_hex(); }

    // Nothing is left that a later step could take for a release.
    void expect_nothing_staged() const {
        if (!fs::exists(staging())) return;
        EXPECT_TRUE(fs::is_empty(staging())) << support::picture(staging()).begin()->first;
    }

    support::Scratch scratch;
    asio::io_context io;
    async::DiskPool disk{1};
    Status durability;
    int syncs = 0;
    TreeStager stager{io, disk, [this](fs::path const&) {
                          ++syncs;
                          return durability;
                      }};
    fetch::FetchedPackage package{.file = scratch / "packages" / "p", .sources = {}};
    check::Offer offer{.target = support::sample_target("app", "1.2.0", 7), .running = {}, .home = scratch / "home"};
};

TEST_F(TreeStagerTest, ASweepRemovesWhatAnEarlierProcessLeftAndFollowsNoLink) {
    write_file(staging() / "half" / "file", "half of it");
    write_file(staging() / ".discarded-older-0" / "file", "rubbish");
    stager.sweep(offer.home);
    EXPECT_FALSE(fs::exists(staging() / "half")) << "at once out of the way";
    io.restart();
    io.run();
    EXPECT_TRUE(fs::is_empty(staging()));

    write_file(scratch / "elsewhere" / "precious", "keep me");
    fs::create_directories(scratch / "other");
    fs::create_directory_symlink(scratch / "elsewhere", scratch / "other" / "staging");
    stager.sweep(scratch / "other");
    stager.sweep(scratch / "nowhere");
    io.restart();
    io.run();
    EXPECT_EQ(read_file(scratch / "elsewhere" / "precious"), "keep me");
}

TEST_F(TreeStagerTest, UnpacksATreeUnderItsDigest) {
    auto const staged = stage();
    ASSERT_TRUE(staged) << staged.error().detail;
    EXPECT_EQ(staged->directory, expected());
    EXPECT_EQ(read_file(expected() / "bin" / "app"), kProgram);
    EXPECT_EQ(syncs, 1);
}

TEST_F(TreeStagerTest, PlacesAFileUnderTheNameOfTheApplication) {
    offer_package(kProgram, 1);
    offer.target.type = release::PackageType::file;
    ASSERT_TRUE(stage());
    EXPECT_EQ(read_file(expected() / "app"), kProgram);
    EXPECT_EQ(fs::status(expected() / "app").permissions(), fs::perms{0755});
}

TEST_F(TreeStagerTest, BeginsAnewOverWhatAnInterruptedRunLeft) {
    write_file(expected() / "half", "written");
    write_file(staging() / std::string(64, 'a') / "old", "attempt");
    ASSERT_TRUE(stage());
    EXPECT_EQ(support::picture(staging()).size(), 3u);
    EXPECT_EQ(read_file(expected() / "bin" / "app"), kProgram);
    ASSERT_TRUE(stage());
    EXPECT_EQ(read_file(expected() / "bin" / "app"), kProgram);
}

TEST_F(TreeStagerTest, RefusesAPackageThatIsNotTheSignedOne) {
    auto bytes = read_file(package.file);
    bytes[600] ^= 1;
    write_file(package.file, bytes);
    auto const staged = stage();
    ASSERT_FALSE(staged);
    EXPECT_EQ(staged.error().code, package::Errc::digest_mismatch);
    EXPECT_EQ(kind_of(staged.error().code), Kind::trust);
    expect_nothing_staged();
}

TEST_F(TreeStagerTest, RefusesATreeThatIsNotThePromisedOne) {
    offer.target.entry_count = 3;
    auto const staged = stage();
    ASSERT_FALSE(staged);
    EXPECT_EQ(staged.error().code, package::Errc::promise_not_kept);
    expect_nothing_staged();
}

TEST_F(TreeStagerTest, SaysHowMuchSpaceIsMissingBeforeItWrites) {
    offer.target.unpacked_length = std::uint64_t{1} << 60;
    auto const staged = stage();
    ASSERT_FALSE(staged);
    EXPECT_EQ(staged.error().code, Errc::disk_full);
    EXPECT_EQ(kind_of(staged.error().code), Kind::state);
    EXPECT_NE(staged.error().detail.find("free another"), std::string::npos) << staged.error().detail;
    expect_nothing_staged();
}

TEST_F(TreeStagerTest, LeavesNothingWhenTheDiskCannotKeepIt) {
    durability = fail(std::make_error_code(std::errc::io_error), "the disk said no");
    auto const staged = stage();
    ASSERT_FALSE(staged);
    EXPECT_EQ(staged.error().detail, "the disk said no");
    expect_nothing_staged();
}

TEST_F(TreeStagerTest, DoesNotFollowAStagingThatIsALink) {
    fs::create_directories(offer.home);
    write_file(scratch / "elsewhere" / "kept", "kept");
    fs::create_directory_symlink(scratch / "elsewhere", staging());
    auto const staged = stage();
    ASSERT_FALSE(staged);
    EXPECT_EQ(staged.error().code, Errc::unusable_home);
    EXPECT_EQ(support::picture(scratch / "elsewhere").size(), 1u);
}

TEST_F(TreeStagerTest, SaysThatAHomeCannotBeUsed) {
    write_file(offer.home, "a file");
    auto const staged = stage();
    ASSERT_FALSE(staged);
    EXPECT_EQ(staged.error().code, Errc::unusable_home);
}

TEST_F(TreeStagerTest, DiscardsAStagedRelease) {
    ASSERT_TRUE(stage());
    stager.discard(offer);
    EXPECT_FALSE(fs::exists(expected()));
    io.restart();
    io.run();
    EXPECT_TRUE(fs::is_empty(staging()));
    stager.discard(offer);
}

TEST_F(TreeStagerTest, StopsUnpackingWhenItDies) {
    auto mortal = std::make_unique<TreeStager>(io, disk, [](fs::path const&) { return Status(); });
    auto staged = mortal->stage(offer, package);
    // The only thread of the pool is held until the stager has gone.
    std::promise<void> gone;
    auto const wait = [held = gone.get_future().share()] {
        held.wait();
        return true;
    };
    std::optional<bool> waited;
    std::optional<Result<StagedRelease>> result;
    auto const ignore = [](std::exception_ptr) {};
    asio::co_spawn(io, support::keep_result(disk.run(wait), waited), ignore);
    asio::co_spawn(io, support::keep_result(std::move(staged), result), ignore);
    io.poll();
    mortal.reset();
    gone.set_value();
    io.restart();
    io.run();
    ASSERT_TRUE(result);
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().code, package::Errc::stopped);
    expect_nothing_staged();
}

}  // namespace
}  // namespace lanyard::stage
