#include "seeder/publish/publisher.h"

#include <gtest/gtest.h>

#include <fstream>

#include "seeder/catalogue/errc.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/lifetimes.h"
#include "tests/support/mortal_disk.h"
#include "tests/support/repository.h"

namespace lanyard::publish::publisher_test {
namespace {

using std::chrono::days;
using support::kRepositoryNow;
using support::MemoryKeys;
using support::MortalDisk;
using support::Repository;

namespace fs = std::filesystem;

constexpr trust::TimePoint kNow = kRepositoryNow;

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
    Projection projection(disk, repository.folder(), repository.lock());
    auto const again = Publisher(repository.database(), projection, repository.keys().all())
                           .found(repository.keys().first_root(std::string(16, 'x')), kNow);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Errc::initialised_already);
}

TEST(Publisher, WithoutTheTargetsKeyAsksForItsSignatureAndChangesNothing) {
    Repository repository;
    MortalDisk disk;
    auto const change = repository.publish("1.0.0", disk, repository.keys().online());
    ASSERT_TRUE(change) << change.error().detail;
    ASSERT_TRUE(change->request);
    EXPECT_EQ(signing::Request::from(*change->request)->missing(),
              std::vector<std::string>{"targets: 0 of the 1 signatures it needs by the targets keys of root 1"});
    EXPECT_EQ(repository.revision(), 1U);
    EXPECT_EQ(repository.manifest().targets.version, 1U);
    EXPECT_EQ(disk.steps(), 0U);
}

TEST(Publisher, NeverStoresWhatANodeWouldRefuse) {
    Repository repository;
    MemoryKeys const strangers;
    MortalDisk disk;
    auto const change = repository.publish("1.0.0", disk, strangers.all());
    ASSERT_TRUE(change) << change.error().detail;
    ASSERT_TRUE(change->request);
    EXPECT_EQ(signing::Request::from(*change->request)->missing().size(), 1U) << "strangers have signed";
    EXPECT_EQ(repository.manifest().targets.version, 1U);
    EXPECT_EQ(repository.seen_by_a_node().value(), Versions{});
}

TEST(Publisher, WhatOldKeysHaveSignedDoesNotStandInTheWayAfterARotation) {
    Repository repository;
    auto next = repository.manifest();
    EXPECT_TRUE(verify_as_node(Repository().manifest(), next, Depth::all, std::nullopt, kNow));
    next.timestamp = Repository().manifest().timestamp;
    EXPECT_FALSE(verify_as_node(std::nullopt, next, Depth::all, std::nullopt, kNow));
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
        // What is stored is published, though the picture of it is late.
        ASSERT_TRUE(change) << change.error().detail;
        EXPECT_NE(change->not_drawn, "");
    }
    EXPECT_EQ(old_sets, 6U);  // a write and a rename each for targets, snapshot, timestamp
    EXPECT_EQ(new_sets, 1U);
}

TEST(Publisher, DrawingAgainWritesNothing) {
    Repository repository;
    ASSERT_TRUE(repository.publish("1.0.0"));
    MortalDisk disk;
    ASSERT_TRUE(Projection(disk, repository.folder(), repository.lock()).draw(repository.database()));
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

TEST(Resign, HealsATimestampOfAClockThatWasAhead) {
    Repository repository;
    MortalDisk disk;
    ASSERT_TRUE(repository.publish("1.0.0", disk, repository.keys().all(), kNow + days(300)));
    auto const resigned = repository.resign(kNow + days(1));
    ASSERT_TRUE(resigned) << resigned.error().detail;
    EXPECT_TRUE(resigned->timestamp && resigned->clock_was_ahead);
    EXPECT_EQ(repository.manifest().timestamp.expires,
              (kNow + days(1) + lifetime::kTimestamp).time_since_epoch().count());
    EXPECT_EQ(repository.seen_by_a_node(kNow + days(1)).value(), Versions{"1.0.0"});
    EXPECT_FALSE(repository.resign(kNow + days(1))->timestamp);
    auto const next = repository.publish("1.1.0", disk, repository.keys().all(), kNow + days(1));
    ASSERT_TRUE(next) << next.error().detail;
}

TEST(Resign, IsRefusedByAClockFromBeforeTheFirstRoot) {
    Repository repository;
    auto const resigned = repository.resign(trust::TimePoint());
    ASSERT_FALSE(resigned);
    EXPECT_EQ(resigned.error().code, Errc::wrong_clock);
    EXPECT_EQ(repository.manifest().timestamp.version, 1U);
}

TEST(Resign, DoesNothingOnceTheRootHasExpired) {
    Repository repository;
    auto const resigned = repository.resign(kNow + lifetime::kRoot);
    ASSERT_TRUE(resigned) << resigned.error().detail;
    EXPECT_FALSE(resigned->timestamp);
}

TEST(Resign, IsDoneAlthoughItCouldNotBeDrawn) {
    Repository repository;
    MortalDisk disk(0);
    auto const resigned = repository.resign(kNow + days(4), disk);
    ASSERT_TRUE(resigned) << resigned.error().detail;
    EXPECT_NE(resigned->not_drawn, "");
    ASSERT_TRUE(repository.draw());
    EXPECT_TRUE(repository.seen_by_a_node(kNow + days(10)));
}

TEST(Publisher, IsRefusedByAClockThatWasSetBack) {
    Repository repository;
    MortalDisk disk;
    ASSERT_TRUE(repository.publish("1.0.0", disk, repository.keys().all(), kNow + days(30)));
    auto const change = repository.publish("1.1.0", disk, repository.keys().all(), kNow + days(27));
    ASSERT_FALSE(change);
    EXPECT_EQ(change.error().code, Errc::wrong_clock);
    EXPECT_NE(change.error().detail.find("3 days behind"), std::string::npos) << change.error().detail;
    EXPECT_EQ(repository.manifest().timestamp.version, 2U);
    EXPECT_TRUE(repository.publish("1.1.0", disk, repository.keys().all(), kNow + days(30) - std::chrono::minutes(59)));
}

TEST(Publisher, NothingExpiresEarlierThanWhatItReplaces) {
    Repository repository;
    MortalDisk disk;
    auto const later = kNow + days(30);
    ASSERT_TRUE(repository.publish("1.0.0", disk, repository.keys().all(), later));
    auto const before = repository.manifest();
    ASSERT_TRUE(repository.publish("1.1.0", disk, repository.keys().all(), later - std::chrono::minutes(30)));
    EXPECT_EQ(repository.manifest().targets.expires, before.targets.expires);
    EXPECT_EQ(repository.manifest().snapshot.expires, before.snapshot.expires);
}

TEST(Backup, ANodeThatHasSeenMoreTakesTheNextPublish) {
    Repository repository;
    ASSERT_TRUE(repository.publish("1.0.0"));
    auto const backup = repository.manifest();
    ASSERT_TRUE(repository.publish("1.1.0"));
    ASSERT_TRUE(repository.publish("1.2.0"));
    auto const seen = repository.manifest();
    ASSERT_TRUE(repository.restore(backup, 1));
    ASSERT_TRUE(repository.draw());
    EXPECT_EQ(repository.seen_by_a_node().value().size(), 3U) << "the newer timestamp was replaced";
    EXPECT_EQ(repository.resign(kNow + days(4)).error().code, Errc::newer_picture);
    auto const change = repository.publish("1.3.0");
    ASSERT_TRUE(change) << change.error().detail;
    EXPECT_EQ(change->entries.front().target.release_counter(), 4U);
    EXPECT_TRUE(verify_as_node(seen, repository.manifest(), Depth::all, std::nullopt, kNow));
    EXPECT_EQ(repository.seen_by_a_node().value(), (Versions{"1.0.0", "1.3.0"}));
}

TEST(Backup, AnOlderTimestampIsOvertakenByTheNextSigning) {
    Repository repository;
    auto const backup = repository.manifest();
    ASSERT_TRUE(repository.resign(kNow + days(4)));
    ASSERT_TRUE(repository.resign(kNow + days(8)));
    ASSERT_TRUE(repository.restore(backup, 0));
    ASSERT_TRUE(repository.resign(kNow + days(20)));
    EXPECT_EQ(repository.manifest().timestamp.version, 4U);
    EXPECT_TRUE(repository.seen_by_a_node(kNow + days(20)));
}

TEST(Backup, WhatStrangersHaveSignedCountsForNothing) {
    Repository repository;
    Repository other;
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(other.publish("1." + std::to_string(i) + ".0"));
    fs::copy_file(other.folder() / "timestamp.pb", repository.folder() / "timestamp.pb",
                  fs::copy_options::overwrite_existing);
    ASSERT_TRUE(repository.publish("1.0.0"));
    EXPECT_EQ(repository.manifest().timestamp.version, 2U);
}

TEST(ExpiryWarnings, NameTheRoleAndTheRemedy) {
    Repository repository;
    auto const manifest = repository.manifest();
    EXPECT_TRUE(expiry_warnings(manifest, kNow).empty());
    EXPECT_EQ(
        expiry_warnings(manifest, kNow + days(355)),
        std::vector<std::string>{"the signatures of targets expire in 10 days; publishing any release renews them"});
    auto const late = expiry_warnings(manifest, kNow + days(1200));
    ASSERT_EQ(late.size(), 2U);
    EXPECT_EQ(late[0].substr(0, 38), "the signatures of root have expired: n");
}

}  // namespace
}  // namespace lanyard::publish::publisher_test
