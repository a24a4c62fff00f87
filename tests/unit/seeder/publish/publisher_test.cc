#include "seeder/publish/publisher.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>

#include "seeder/catalogue/errc.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/lifetimes.h"
#include "seeder/publish/manifest_rows.h"
#include "tests/support/mortal_disk.h"
#include "tests/support/sample_release.h"
#include "tests/support/scratch_dir.h"

namespace lanyard::publish {
namespace {

using namespace std::chrono_literals;
using support::MortalDisk;
using support::sample_release;
using std::chrono::days;

namespace fs = std::filesystem;

constexpr trust::TimePoint kNow{1'800'000'000s};

struct MemoryKeys {
    std::unique_ptr<signing::Signer> root = signing::generate_key().value();
    std::unique_ptr<signing::Signer> targets = signing::generate_key().value();
    std::unique_ptr<signing::Signer> snapshot = signing::generate_key().value();
    std::unique_ptr<signing::Signer> timestamp = signing::generate_key().value();

    Signers all() const { return {root.get(), targets.get(), snapshot.get(), timestamp.get()}; }
    Signers online() const { return {nullptr, nullptr, snapshot.get(), timestamp.get()}; }
};

std::string content(fs::path const& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// A state directory with a repository in it, and what a node makes of its public files.
class Repository {
public:
    Repository() {
        fs::create_directories(folder());
        EXPECT_TRUE(publisher(disk_, keys_.all()).founded);
    }

    fs::path folder() const { return scratch_.path() / "public" / "metadata"; }

    Result<Change> publish(std::string const& version, intake::Disk& disk, Signers signers,
                           trust::TimePoint now = kNow) {
        Projection projection(disk, folder(), scratch_.path() / "lock");
        return Publisher(database, projection, signers).publish(sample_release("shop", version), now);
    }
    Result<Change> publish(std::string const& version) { return publish(version, disk_, keys_.all()); }

    Result<Change> withdraw(std::string const& version) {
        catalogue::Filter filter;
        filter.version = release::Version::parse(version).value();
        Projection projection(disk_, folder(), scratch_.path() / "lock");
        return Publisher(database, projection, keys_.all()).withdraw(filter, kNow);
    }

    Result<Resigned> resign(trust::TimePoint now, Signers signers) {
        Projection projection(disk_, folder(), scratch_.path() / "lock");
        return Publisher(database, projection, signers).resign(now);
    }
    Result<Resigned> resign(trust::TimePoint now) { return resign(now, keys_.online()); }

    Status draw() { return Projection(disk_, folder(), scratch_.path() / "lock").draw(database); }

    // The versions of the application a node that joins now finds in the public files.
    Result<std::vector<std::string>> seen_by_a_node(trust::TimePoint now = kNow) const {
        auto set = trust::TrustedSet::from_trusted_root(content(folder() / "1.root.pb"), now);
        if (!set) return pass_on(set);
        if (auto const root = set->finish_root(); !root) return pass_on(root);
        auto const timestamp = set->update_timestamp(content(folder() / "timestamp.pb"));
        if (!timestamp) return pass_on(timestamp);
        auto const snapshot_name = std::to_string(set->timestamp()->snapshot().version()) + ".snapshot.pb";
        if (auto const step = set->update_snapshot(content(folder() / snapshot_name)); !step) return pass_on(step);
        auto const targets_name = std::to_string(set->snapshot()->metas(0).version()) + ".targets.pb";
        if (auto const step = set->update_targets(content(folder() / targets_name)); !step) return pass_on(step);
        std::vector<std::string> versions;
        for (auto const& target : set->targets()->targets()) versions.push_back(target.version());
        return versions;
    }

    Manifest manifest() { return database.read(read_manifest).value(); }
    std::uint64_t revision() {
        return database.read([](store::Connection& c) { return catalogue::Catalogue(c).revision(); }).value();
    }
    MemoryKeys const& keys() const { return keys_; }

private:
    struct Founded {
        Status founded;
    };
    Founded publisher(intake::Disk& disk, Signers signers) {
        Projection projection(disk, folder(), scratch_.path() / "lock");
        return {Publisher(database, projection, signers).found(std::string(16, 'r'), kNow)};
    }

    std::array<std::string_view, 2> const migrations_ = {catalogue::catalogue_schema(), metadata_schema()};
    tests::ScratchDir scratch_;
    MemoryKeys keys_;
    MortalDisk disk_;

public:
    store::Database database = store::Database::open(scratch_.path() / "seeder.db", migrations_).value();
};

using Versions = std::vector<std::string>;

TEST(Publisher, ANewRepositoryIsEmptyAndTrusted) {
    Repository repository;
    EXPECT_EQ(repository.seen_by_a_node().value(), Versions{});
}

TEST(Publisher, ANodeFindsWhatWasPublished) {
    Repository repository;
    auto const change = repository.publish("1.0.0");
    ASSERT_TRUE(change) << change.error().detail;
    EXPECT_EQ(change->revision, 2U);
    EXPECT_EQ(change->entries.front().target.release_counter(), 1U);
    EXPECT_EQ(repository.seen_by_a_node().value(), Versions{"1.0.0"});
    ASSERT_TRUE(repository.publish("1.1.0"));
    EXPECT_EQ(repository.seen_by_a_node().value(), (Versions{"1.0.0", "1.1.0"}));
}

TEST(Publisher, AWithdrawnReleaseLeavesTheTargets) {
    Repository repository;
    ASSERT_TRUE(repository.publish("1.0.0"));
    ASSERT_TRUE(repository.publish("1.1.0"));
    auto const change = repository.withdraw("1.1.0");
    ASSERT_TRUE(change) << change.error().detail;
    EXPECT_EQ(change->revision, 4U);
    EXPECT_EQ(repository.seen_by_a_node().value(), Versions{"1.0.0"});
}

TEST(Publisher, EveryPublishRaisesThreeVersionsByOneAndRenewsTheirExpiry) {
    Repository repository;
    auto const before = repository.manifest();
    MortalDisk disk;
    ASSERT_TRUE(repository.publish("1.0.0", disk, repository.keys().all(), kNow + days(2)));
    auto const after = repository.manifest();
    EXPECT_EQ(after.roots.size(), 1U);
    EXPECT_EQ(after.targets.version, before.targets.version + 1);
    EXPECT_EQ(after.snapshot.version, before.snapshot.version + 1);
    EXPECT_EQ(after.timestamp.version, before.timestamp.version + 1);
    auto const expiry = [](days life) { return (kNow + days(2) + life).time_since_epoch().count(); };
    EXPECT_EQ(after.targets.expires, expiry(lifetime::kTargets));
    EXPECT_EQ(after.snapshot.expires, expiry(lifetime::kSnapshot));
    EXPECT_EQ(after.timestamp.expires, expiry(lifetime::kTimestamp));
}

TEST(Publisher, CannotFoundARepositoryTwice) {
    Repository repository;
    MortalDisk disk;
    Projection projection(disk, repository.folder(), repository.folder() / "lock");
    auto const again = Publisher(repository.database, projection, repository.keys().all()).found(std::string(16, 'x'), kNow);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Errc::initialised_already);
}

TEST(Publisher, ChangesNothingWithoutTheTargetsKey) {
    Repository repository;
    MortalDisk disk;
    auto const change = repository.publish("1.0.0", disk, repository.keys().online());
    ASSERT_FALSE(change);
    EXPECT_EQ(change.error().code, Errc::missing_key);
    EXPECT_EQ(repository.revision(), 1U);
    EXPECT_EQ(repository.manifest().targets.version, 1U);
    EXPECT_EQ(disk.steps(), 0U);
}

TEST(Publisher, NeverStoresWhatANodeWouldRefuse) {
    Repository repository;
    MemoryKeys const strangers;
    MortalDisk disk;
    auto const change = repository.publish("1.0.0", disk, strangers.all());
    ASSERT_FALSE(change);
    EXPECT_EQ(kind_of(change.error().code), Kind::trust);
    EXPECT_EQ(repository.manifest().targets.version, 1U);
    EXPECT_EQ(repository.seen_by_a_node().value(), Versions{});
}

TEST(Publisher, ARefusedVersionChangesNothing) {
    Repository repository;
    ASSERT_TRUE(repository.publish("1.0.0"));
    EXPECT_EQ(repository.publish("1.0.0").error().code, catalogue::Errc::published_already);
    EXPECT_EQ(repository.revision(), 2U);
    EXPECT_EQ(repository.manifest().timestamp.version, 2U);
}

TEST(Publisher, DeathAtAnyStepLeavesTheOldSetOrTheNewOne) {
    std::size_t old_sets = 0;
    std::size_t new_sets = 0;
    for (std::size_t last = 0;; ++last) {
        Repository repository;
        ASSERT_TRUE(repository.publish("1.0.0"));
        MortalDisk disk(last);
        auto const change = repository.publish("2.0.0", disk, repository.keys().all());
        auto const seen = repository.seen_by_a_node();
        ASSERT_TRUE(seen) << "died at step " << last << ": " << seen.error().detail;
        bool const is_new = *seen == Versions{"1.0.0", "2.0.0"};
        EXPECT_TRUE(is_new || *seen == Versions{"1.0.0"}) << "died at step " << last;
        ++(is_new ? new_sets : old_sets);
        ASSERT_TRUE(repository.draw());
        EXPECT_EQ(repository.seen_by_a_node().value(), (Versions{"1.0.0", "2.0.0"})) << "died at step " << last;
        if (!disk.died()) {
            EXPECT_TRUE(change);
            break;
        }
        EXPECT_FALSE(change);
    }
    EXPECT_EQ(old_sets, 6U);  // a write and a rename each for targets, snapshot, timestamp
    EXPECT_EQ(new_sets, 1U);
}

TEST(Publisher, DrawingAgainWritesNothing) {
    Repository repository;
    ASSERT_TRUE(repository.publish("1.0.0"));
    MortalDisk disk;
    ASSERT_TRUE(Projection(disk, repository.folder(), repository.folder() / "lock").draw(repository.database));
    EXPECT_EQ(disk.steps(), 0U);
}

TEST(Publisher, DrawingMendsADamagedFile) {
    Repository repository;
    ASSERT_TRUE(repository.publish("1.0.0"));
    std::ofstream(repository.folder() / "2.targets.pb") << "scribble";
    ASSERT_FALSE(repository.seen_by_a_node());
    ASSERT_TRUE(repository.draw());
    EXPECT_EQ(repository.seen_by_a_node().value(), Versions{"1.0.0"});
}

TEST(Publisher, KeepsTheLastEightVersionsForNodesInTheMiddleOfARefresh) {
    Repository repository;
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(repository.publish("1." + std::to_string(i) + ".0"));
    EXPECT_TRUE(fs::exists(repository.folder() / "11.targets.pb"));
    EXPECT_TRUE(fs::exists(repository.folder() / "4.targets.pb"));
    EXPECT_FALSE(fs::exists(repository.folder() / "3.targets.pb"));
    EXPECT_FALSE(fs::exists(repository.folder() / "3.snapshot.pb"));
    EXPECT_TRUE(fs::exists(repository.folder() / "1.root.pb"));
}

TEST(Resign, DoesNothingWhileHalfOfTheLifeIsLeft) {
    Repository repository;
    auto const resigned = repository.resign(kNow + days(3));
    ASSERT_TRUE(resigned) << resigned.error().detail;
    EXPECT_FALSE(resigned->timestamp);
    EXPECT_FALSE(resigned->snapshot);
    EXPECT_EQ(repository.manifest().timestamp.version, 1U);
}

TEST(Resign, RenewsTheTimestampAloneAtFirst) {
    Repository repository;
    auto const resigned = repository.resign(kNow + days(4));
    ASSERT_TRUE(resigned) << resigned.error().detail;
    EXPECT_TRUE(resigned->timestamp);
    EXPECT_FALSE(resigned->snapshot);
    EXPECT_EQ(repository.manifest().snapshot.version, 1U);
    EXPECT_EQ(repository.manifest().timestamp.version, 2U);
    EXPECT_TRUE(repository.seen_by_a_node(kNow + days(10)));
}

TEST(Resign, RenewsBothAfterALongAbsence) {
    Repository repository;
    ASSERT_TRUE(repository.publish("1.0.0"));
    ASSERT_FALSE(repository.seen_by_a_node(kNow + days(60)));
    auto const resigned = repository.resign(kNow + days(60));
    ASSERT_TRUE(resigned) << resigned.error().detail;
    EXPECT_TRUE(resigned->snapshot);
    EXPECT_EQ(repository.seen_by_a_node(kNow + days(60)).value(), Versions{"1.0.0"});
}

TEST(Resign, GoesOnWhenOnlyTheTargetsHaveExpired) {
    Repository repository;
    auto const resigned = repository.resign(kNow + days(400));
    ASSERT_TRUE(resigned) << resigned.error().detail;
    EXPECT_TRUE(resigned->timestamp);
}

TEST(Resign, ARevisionIsAboutReleasesOnly) {
    Repository repository;
    ASSERT_TRUE(repository.resign(kNow + days(20)));
    EXPECT_EQ(repository.revision(), 1U);
}

TEST(ExpiryWarnings, NameTheRoleAndTheRemedy) {
    Repository repository;
    auto const manifest = repository.manifest();
    EXPECT_TRUE(expiry_warnings(manifest, kNow).empty());
    EXPECT_EQ(expiry_warnings(manifest, kNow + days(355)),
              std::vector<std::string>{"the signatures of targets expire in 10 days; publishing any release renews them"});
    auto const late = expiry_warnings(manifest, kNow + days(1200));
    ASSERT_EQ(late.size(), 2U);
    EXPECT_EQ(late[0].substr(0, 38), "the signatures of root have expired: n");
}

}  // namespace
}  // namespace lanyard::publish
