#include "seeder/intake/intake.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "seeder/intake/errc.h"
#include "tests/support/binaries.h"
#include "tests/support/mortal_disk.h"
#include "tests/support/scratch.h"

namespace lanyard::intake {
namespace {

namespace fs = std::filesystem;
using release::PackageType;
using support::MortalDisk;

std::string content(fs::path const& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

class IntakeTest : public testing::Test {
protected:
    IntakeTest() {
        fs::create_directories(packages_);
        fs::create_directories(source_ / "bin");
        std::ofstream(source_ / "bin" / "tool") << std::string(200'000, 'x');
        std::ofstream(source_ / "README") << "hello\n";
    }

    Result<Package> take(fs::path const& source, std::optional<PackageType> type = {}, std::uint32_t nodes = 1) {
        return take_in(disk_, packages_, Order{source, type, nodes, "http://seeder:8430/announce"},
                       [this](char const* phase, std::uint64_t done, std::uint64_t total) {
                           progress_[phase] = {done, total};
                           return true;
                       });
    }

    std::vector<std::string> names() const {
        std::vector<std::string> found;
        for (auto const& entry : fs::directory_iterator(packages_)) found.push_back(entry.path().filename());
        std::sort(found.begin(), found.end());
        return found;
    }

    static std::vector<std::string> names_of(Package const& package) {
        auto const name = package.sha256.to_hex();
        return {name, name + ".pieces", name + ".torrent"};
    }

    support::Scratch scratch_;
    fs::path packages_ = scratch_.root() / "state" / "public" / "packages";
    fs::path source_ = scratch_.root() / "shop";
    MortalDisk disk_;
    std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> progress_;
};

TEST_F(IntakeTest, PacksADirectoryIntoOnePackageWithItsTorrentAndPieces) {
    auto const package = take(source_);
    ASSERT_TRUE(package) << package.error().detail;
    EXPECT_EQ(package->type, PackageType::tree);
    EXPECT_EQ(package->format, package::Format::tar_zst);
    EXPECT_EQ(package->contents.unpacked_length, 200'006U);
    EXPECT_EQ(names(), names_of(*package));
    auto const file = packages_ / package->sha256.to_hex();
    EXPECT_EQ(fs::file_size(file), package->length);
    EXPECT_EQ(package::digest_file(file, [](auto, auto) { return true; }).value(), package->sha256);
    auto const info = swarm::Metainfo::parse(content(file.string() + ".torrent"));
    ASSERT_TRUE(info);
    EXPECT_EQ(info->info_hash, package->info_hash);
    EXPECT_EQ(info->name, package->sha256.to_hex());
    EXPECT_EQ(content(file.string() + ".pieces").size(), 32U);
    EXPECT_EQ(progress_["hashing"].first, package->length);
}

TEST_F(IntakeTest, TheSameTreeGivesTheSamePackage) {
    auto const first = take(source_);
    auto const second = take(source_);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->sha256, second->sha256);
    EXPECT_EQ(names().size(), 3U);
}

TEST_F(IntakeTest, TakesASingleFileAsItIs) {
    auto const package = take(source_ / "bin" / "tool");
    ASSERT_TRUE(package) << package.error().detail;
    EXPECT_EQ(package->type, PackageType::file);
    EXPECT_EQ(package->format, package::Format::raw);
    EXPECT_EQ(package->contents.unpacked_length, 200'000U);
    EXPECT_EQ(package->contents.entry_count, 1U);
    EXPECT_EQ(content(packages_ / package->sha256.to_hex()), content(source_ / "bin" / "tool"));
}

TEST_F(IntakeTest, KeepsAnArchiveByteForByte) {
    auto const archive = scratch_.root() / "shop.archive";
    auto const packed = package::pack(source_, archive, [](auto, auto) { return true; });
    ASSERT_TRUE(packed) << packed.error().detail;
    auto const package = take(archive);
    ASSERT_TRUE(package) << package.error().detail;
    EXPECT_EQ(package->type, PackageType::tree);
    EXPECT_EQ(package->contents.entry_count, packed->entry_count);
    EXPECT_EQ(content(packages_ / package->sha256.to_hex()), content(archive));
}

TEST_F(IntakeTest, AnArchiveMayBePublishedAsASingleFile) {
    auto const archive = scratch_.root() / "shop.archive";
    ASSERT_TRUE(package::pack(source_, archive, [](auto, auto) { return true; }));
    auto const package = take(archive, PackageType::file);
    ASSERT_TRUE(package) << package.error().detail;
    EXPECT_EQ(package->format, package::Format::raw);
}

TEST_F(IntakeTest, TellsPackagesOfTheSystemByTheirContent) {
    std::pair<PackageType, std::string> const rows[] = {
        {PackageType::deb, support::deb()},        {PackageType::rpm, support::rpm()},
        {PackageType::msi, support::msi()},        {PackageType::pkg, support::xar()},
        {PackageType::dmg, support::disk_image()}, {PackageType::file, support::pe(0x8664, 0)},
        {PackageType::file, "#!/bin/sh\n"}};
    for (auto const& [type, bytes] : rows) {
        auto const file = scratch_.root() / "innocent.zip";
        std::ofstream(file, std::ios::binary) << bytes;
        auto const package = take(file);
        ASSERT_TRUE(package) << package.error().detail;
        EXPECT_EQ(package->type, type) << release::text(type);
        EXPECT_EQ(package->contents, (package::Contents{bytes.size(), 1}));
    }
}

TEST_F(IntakeTest, RefusesWhatIsNotWhatItIsSaidToBe) {
    auto const file = scratch_.root() / "shop.deb";
    std::ofstream(file, std::ios::binary) << support::rpm();
    for (auto const type : {PackageType::deb, PackageType::exe, PackageType::script, PackageType::plugin}) {
        auto const package = take(file, type);
        ASSERT_FALSE(package) << release::text(type);
        EXPECT_EQ(package.error().code, Errc::unfit) << package.error().detail;
    }
    EXPECT_FALSE(take(source_, PackageType::plugin)) << "no shared library in it";
    EXPECT_FALSE(take(source_, PackageType::deb)) << "a directory";
    EXPECT_TRUE(names().empty());
}

TEST_F(IntakeTest, KeepsTheTorrentThatSignedTargetsName) {
    auto const first = take(source_ / "bin" / "tool", {}, 1);
    ASSERT_TRUE(first);
    auto const torrent = packages_ / (first->sha256.to_hex() + ".torrent");
    auto const before = content(torrent);
    auto const again = take_in(disk_, packages_, Order{source_ / "bin" / "tool", {}, 100'000, "http://other/announce"},
                               [](auto, auto, auto) { return true; });
    ASSERT_TRUE(again);
    EXPECT_EQ(content(torrent), before);
    EXPECT_EQ(again->torrent_sha256, first->torrent_sha256);
    EXPECT_EQ(again->piece_length, first->piece_length);
}

TEST_F(IntakeTest, ReplacesATorrentThatIsDamaged) {
    auto const first = take(source_ / "bin" / "tool");
    ASSERT_TRUE(first);
    std::ofstream(packages_ / (first->sha256.to_hex() + ".torrent")) << "scribble";
    auto const again = take(source_ / "bin" / "tool");
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(again->torrent_sha256, first->torrent_sha256);
}

struct Refusal {
    char const* name;
    std::function<Order(fs::path const&)> order;
    Errc code;
};

class IntakeRefuses : public IntakeTest, public testing::WithParamInterface<Refusal> {};

TEST_P(IntakeRefuses, AndLeavesNothingBehind) {
    auto const package =
        take_in(disk_, packages_, GetParam().order(scratch_.root()), [](auto, auto, auto) { return true; });
    ASSERT_FALSE(package);
    EXPECT_EQ(package.error().code, GetParam().code) << package.error().detail;
    EXPECT_EQ(names(), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(, IntakeRefuses,
                         testing::Values(Refusal{"WhatIsNotThere",
                                                 [](fs::path const& at) {
                                                     return Order{at / "nothing", {}, 1, ""};
                                                 },
                                                 Errc::no_such_path},
                                         Refusal{"AnEmptyDirectory",
                                                 [](fs::path const& at) {
                                                     fs::create_directory(at / "empty");
                                                     return Order{at / "empty", {}, 1, ""};
                                                 },
                                                 Errc::empty},
                                         Refusal{"AnEmptyFile",
                                                 [](fs::path const& at) {
                                                     std::ofstream(at / "empty").close();
                                                     return Order{at / "empty", {}, 1, ""};
                                                 },
                                                 Errc::empty},
                                         Refusal{"AFileAsATree",
                                                 [](fs::path const& at) {
                                                     return Order{at / "shop" / "README", PackageType::tree, 1, ""};
                                                 },
                                                 Errc::unfit},
                                         Refusal{"ADirectoryAsAFile",
                                                 [](fs::path const& at) {
                                                     return Order{at / "shop", PackageType::file, 1, ""};
                                                 },
                                                 Errc::unfit},
                                         Refusal{"ADevice",
                                                 [](fs::path const&) {
                                                     return Order{"/dev/null", {}, 1, ""};
                                                 },
                                                 Errc::unfit},
                                         Refusal{"TheStateDirectoryItself",
                                                 [](fs::path const& at) {
                                                     return Order{at, {}, 1, ""};
                                                 },
                                                 Errc::unfit}),
                         [](auto const& instance) { return instance.param.name; });

TEST_F(IntakeTest, NothingInTheStateDirectoryIsTakenInByWhateverPath) {
    auto const state = scratch_.root() / "state";
    fs::create_directories(state / "keys");
    std::ofstream(state / "keys" / "root.pem") << "secret";
    std::ofstream(state / "seeder.db") << "rows";
    fs::create_symlink(state / "keys", scratch_.root() / "link");
    for (auto const& source :
         {state / "keys", state / "keys" / "root.pem", state / "seeder.db", state, state / "public" / "packages",
          scratch_.root() / "link", scratch_.root() / "link/root.pem",
          scratch_.root() / "shop" / ".." / "state" / "keys", scratch_.root()}) {
        auto const package =
            take_in(disk_, packages_, Order{source, {}, 1, "", state}, [](auto, auto, auto) { return true; });
        ASSERT_FALSE(package) << source;
        EXPECT_EQ(package.error().code, Errc::unfit) << package.error().detail;
    }
    auto const beside =
        take_in(disk_, packages_, Order{source_, {}, 1, "", state}, [](auto, auto, auto) { return true; });
    EXPECT_TRUE(beside);
}

TEST_F(IntakeTest, DeathAtAnyStepLeavesNoHalfFileUnderAFinalName) {
    auto const whole = take(source_);
    ASSERT_TRUE(whole);
    std::map<std::string, std::string> complete;
    for (auto const& name : names()) complete[name] = content(packages_ / name);
    for (std::size_t last = 0;; ++last) {
        fs::remove_all(packages_);
        fs::create_directories(packages_);
        MortalDisk disk(last);
        auto const package = take_in(disk, packages_, Order{source_, {}, 1, "http://seeder:8430/announce"},
                                     [](auto, auto, auto) { return true; });
        for (auto const& name : names()) {
            if (name.starts_with(".")) continue;
            EXPECT_EQ(content(packages_ / name), complete[name]) << "step " << last;
        }
        auto const again = take(source_);
        ASSERT_TRUE(again) << again.error().detail;
        EXPECT_EQ(names(), names_of(*whole)) << "step " << last;
        if (!disk.died()) {
            EXPECT_TRUE(package);
            break;
        }
    }
}

// Each kind of payload, told to stop at each thing it tells.
TEST_F(IntakeTest, MakesNothingWhenItIsToldToStop) {
    auto const single = scratch_.root() / "tool";
    std::ofstream(single) << std::string(300'000, 'y');
    for (auto const& source : {source_, single}) {
        for (int told_to_stop = 0;; ++told_to_stop) {
            ASSERT_LT(told_to_stop, 100);
            int told = 0;
            auto const package = take_in(disk_, packages_, Order{source, {}, 1, "http://seeder:8430/announce"},
                                         [&](auto, auto, auto) { return told++ != told_to_stop; });
            if (package) {
                EXPECT_GE(told_to_stop, 3) << "copied or packed, hashed, and its pieces hashed";
                break;
            }
            EXPECT_EQ(package.error().code, Errc::stopped);
            EXPECT_EQ(told, told_to_stop + 1) << "it went on";
            EXPECT_TRUE(names().empty());
        }
        fs::remove_all(packages_);
        fs::create_directories(packages_);
    }
}

}  // namespace
}  // namespace lanyard::intake
