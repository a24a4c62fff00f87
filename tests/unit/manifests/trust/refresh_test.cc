#include <functional>
#include <vector>

#include "tests/unit/manifests/trust/client.h"

namespace lanyard::trust::refresh_test {
namespace {

constexpr std::uint64_t kFarAhead = (std::uint64_t{1} << 53) - 2;

// What one refresh leaves on disk and the next one finds there.
struct Disk {
    std::string timestamp;
    std::string snapshot;
};

class Refresh : public testing::Test {
protected:
    Disk disk() const { return {repo_.newest(RoleName::timestamp), repo_.newest(RoleName::snapshot)}; }

    // A client at the newest root that found `disk`.
    TrustedSet after(Disk const& disk, TimePoint now = kNow) const {
        auto set = at_root(repo_, now);
        EXPECT_TRUE(set.load_trusted_timestamp(disk.timestamp));
        EXPECT_TRUE(set.load_trusted_snapshot(disk.snapshot));
        return set;
    }

    RepositorySimulator repo_{kNow};
};

TEST_F(Refresh, TakesAWholeManifestAndFindsItsTargets) {
    auto const target = support::make_target({.app = "grafana", .version = "11.0.0"});
    *repo_.targets.add_targets() = support::make_target({});
    *repo_.targets.add_targets() = target;
    repo_.publish();
    auto set = at_root(repo_);
    auto const fresh = set.update_timestamp(repo_.newest(RoleName::timestamp));
    ASSERT_TRUE(fresh) << fresh.error().detail;
    EXPECT_EQ(*fresh, TrustedSet::Fresh::newer);
    EXPECT_TRUE(set.update_snapshot(repo_.newest(RoleName::snapshot)));
    EXPECT_TRUE(set.update_targets(repo_.newest(RoleName::targets)));
    EXPECT_EQ(set.timestamp()->version(), 2u);
    EXPECT_EQ(set.snapshot()->version(), 2u);
    EXPECT_EQ(set.targets()->targets_size(), 2);
    auto const found = set.find(target.path());
    ASSERT_TRUE(found) << found.error().detail;
    EXPECT_EQ(found->app.text(), "grafana");
    EXPECT_EQ(set.find("grafana").error().code, Errc::no_such_target);
    EXPECT_EQ(set.find("").error().code, Errc::no_such_target);
}

TEST_F(Refresh, FindsTheSameInACopyOfTheSet) {
    auto const target = support::make_target({});
    *repo_.targets.add_targets() = target;
    repo_.publish();
    auto set = std::make_unique<TrustedSet>(at_root(repo_));
    ASSERT_TRUE(walk(*set, repo_, RoleName::targets));
    auto const copy = *set;
    set.reset();
    EXPECT_TRUE(copy.find(target.path()));
}

TEST_F(Refresh, TakesNoStepBeforeTheOneBelow) {
    auto set = anchored(repo_).value();
    auto const kept = disk();
    expect_refused(set.load_trusted_timestamp(kept.timestamp), Errc::out_of_order, "load_trusted_timestamp");
    expect_refused(set.load_trusted_snapshot(kept.snapshot), Errc::out_of_order, "load_trusted_snapshot");
    expect_refused(set.update_timestamp(kept.timestamp), Errc::out_of_order, "update_timestamp");
    ASSERT_TRUE(set.finish_root());
    expect_refused(set.update_snapshot(kept.snapshot), Errc::out_of_order, "update_snapshot");
    ASSERT_TRUE(set.update_timestamp(kept.timestamp));
    expect_refused(set.load_trusted_timestamp(kept.timestamp), Errc::out_of_order, "load_trusted_timestamp");
    expect_refused(set.update_targets(repo_.newest(RoleName::targets)), Errc::out_of_order, "update_targets");
    ASSERT_TRUE(set.update_snapshot(kept.snapshot));
    expect_refused(set.update_timestamp(kept.timestamp), Errc::out_of_order, "update_timestamp");
    expect_refused(set.load_trusted_snapshot(kept.snapshot), Errc::out_of_order, "load_trusted_snapshot");
    expect_refused(set.find("x"), Errc::out_of_order, "find");
    ASSERT_TRUE(set.update_targets(repo_.newest(RoleName::targets)));
    expect_refused(set.update_snapshot(kept.snapshot), Errc::out_of_order, "update_snapshot");
    expect_refused(set.update_targets(repo_.newest(RoleName::targets)), Errc::out_of_order, "update_targets");
}

TEST_F(Refresh, RefusesAnOlderTimestamp) {
    auto const old = repo_.newest(RoleName::timestamp);
    repo_.publish_timestamp();
    auto set = after(disk());
    expect_refused(set.update_timestamp(old), Errc::rollback, "timestamp");
    EXPECT_EQ(set.timestamp(), nullptr);
    repo_.publish_timestamp();
    ASSERT_TRUE(set.update_timestamp(repo_.newest(RoleName::timestamp)));
    expect_refused(set.update_timestamp(old), Errc::rollback, "timestamp");
    EXPECT_EQ(set.timestamp()->version(), 3u);
}

TEST_F(Refresh, RefusesANewTimestampThatNamesAnOlderSnapshot) {
    repo_.publish();
    auto const kept = disk();
    repo_.snapshot.set_version(1);
    repo_.publish_timestamp();
    auto set = after(kept);
    expect_refused(set.update_timestamp(repo_.newest(RoleName::timestamp)), Errc::rollback, "snapshot");
}

TEST_F(Refresh, KeepsTheTrustedTimestampWhenTheNewOneHasTheSameVersion) {
    auto const kept = disk();
    repo_.timestamp.mutable_snapshot()->set_version(100);
    repo_.seal(RoleName::timestamp);
    auto set = after(kept);
    auto const fresh = set.update_timestamp(repo_.newest(RoleName::timestamp));
    ASSERT_TRUE(fresh) << fresh.error().detail;
    EXPECT_EQ(*fresh, TrustedSet::Fresh::unchanged);
    EXPECT_EQ(set.timestamp()->snapshot().version(), 1u);
    EXPECT_TRUE(set.update_snapshot(kept.snapshot));
}

TEST_F(Refresh, RefusesAnUnchangedTimestampThatHasExpired) {
    auto const kept = disk();
    repo_.timestamp.set_expires(unix_seconds(kNow + days(100)));  // the same version, so this does not count
    repo_.seal(RoleName::timestamp);
    auto set = after(kept, kNow + days(2));
    expect_refused(set.update_timestamp(repo_.newest(RoleName::timestamp)), Errc::freeze, "timestamp");
    EXPECT_EQ(set.timestamp(), nullptr);
}

TEST_F(Refresh, RefusesEachRoleFromTheSecondOnAtWhichItExpires) {
    for (auto const role : {RoleName::timestamp, RoleName::snapshot, RoleName::targets}) {
        RepositorySimulator repo(kNow);
        for (auto const margin : {0, 1}) {
            auto const expires = unix_seconds(kNow) + margin;
            if (role == RoleName::timestamp) repo.timestamp.set_expires(expires);
            if (role == RoleName::snapshot) repo.snapshot.set_expires(expires);
            if (role == RoleName::targets) repo.targets.set_expires(expires);
            repo.publish();
            auto set = at_root(repo);
            auto const walked = walk(set, repo, RoleName::targets);
            if (margin == 0) {
                expect_refused(walked, Errc::freeze, text(role));
            } else {
                EXPECT_TRUE(walked) << walked.error().detail;
            }
            // What came before the expired one is kept.
            EXPECT_EQ(set.timestamp() != nullptr, margin == 1 || role != RoleName::timestamp);
            EXPECT_EQ(set.snapshot() != nullptr, margin == 1 || role == RoleName::targets);
            EXPECT_EQ(set.targets() != nullptr, margin == 1);
        }
    }
}

TEST_F(Refresh, NamesTheTimeOfExpiryAndTheClock) {
    auto set = at_root(repo_, kNow + days(31));
    auto const step = set.update_timestamp(repo_.newest(RoleName::timestamp));
    ASSERT_FALSE(step);
    EXPECT_NE(step.error().detail.find("2026-01-02T00:00:00Z"), std::string::npos) << step.error().detail;
    EXPECT_NE(step.error().detail.find("2026-02-01T00:00:00Z"), std::string::npos) << step.error().detail;
}

TEST_F(Refresh, RecoversFromExpiredFilesOnDisk) {
    auto const kept = disk();
    auto const later = kNow + days(30);
    repo_.timestamp.set_expires(unix_seconds(later + days(1)));
    repo_.snapshot.set_expires(unix_seconds(later + days(1)));
    repo_.publish();
    auto set = after(kept, later);
    EXPECT_TRUE(walk(set, repo_, RoleName::targets));
}

TEST_F(Refresh, StillGuardsAgainstRollbackWithExpiredFilesOnDisk) {
    auto const old = disk();
    repo_.publish();
    auto const kept = disk();
    auto const later = kNow + days(30);
    repo_.timestamp.set_version(1);
    repo_.timestamp.set_expires(unix_seconds(later + days(1)));
    repo_.seal(RoleName::timestamp);
    auto set = after(kept, later);
    expect_refused(set.update_timestamp(repo_.newest(RoleName::timestamp)), Errc::rollback, "timestamp");
}

TEST_F(Refresh, RefusesFilesOnDiskThatTodaysKeysDidNotSign) {
    auto const kept = disk();
    repo_.rotate_keys(RoleName::timestamp);
    repo_.rotate_keys(RoleName::snapshot);
    repo_.publish_root();
    repo_.publish();
    auto set = at_root(repo_);
    EXPECT_TRUE(set.keys_were_rotated());
    expect_refused(set.load_trusted_timestamp(kept.timestamp), Errc::arbitrary_software, "timestamp");
    expect_refused(set.load_trusted_snapshot(kept.snapshot), Errc::arbitrary_software, "snapshot");
    EXPECT_TRUE(walk(set, repo_, RoleName::targets));
}

TEST_F(Refresh, RefusesDamagedFilesOnDiskAndGoesOnWithoutThem) {
    auto set = at_root(repo_);
    EXPECT_FALSE(set.load_trusted_timestamp("damaged"));
    EXPECT_FALSE(set.load_trusted_snapshot(""));
    EXPECT_TRUE(walk(set, repo_, RoleName::targets));
}

TEST_F(Refresh, RecoversFromFastForwardedVersionsOnceKeysWereRotated) {
    repo_.targets.set_version(kFarAhead);
    repo_.snapshot.set_version(kFarAhead);
    repo_.timestamp.set_version(kFarAhead);
    repo_.publish();
    auto const kept = disk();
    auto victim = after(kept);
    ASSERT_TRUE(walk(victim, repo_, RoleName::targets));

    repo_.targets.set_version(1);
    repo_.snapshot.set_version(1);
    repo_.timestamp.set_version(1);
    repo_.publish();
    auto stuck = after(kept);
    expect_refused(walk(stuck, repo_, RoleName::targets), Errc::rollback, "timestamp");

    repo_.rotate_keys(RoleName::timestamp);
    repo_.rotate_keys(RoleName::snapshot);
    repo_.publish_root();
    repo_.publish();
    auto recovered = at_root(repo_);
    ASSERT_TRUE(recovered.keys_were_rotated());  // so the caller has deleted what it kept
    EXPECT_TRUE(walk(recovered, repo_, RoleName::targets));
    EXPECT_EQ(recovered.timestamp()->version(), 3u);
}

TEST_F(Refresh, RefusesMalformedTimestamps) {
    std::vector<std::function<void(v1::MetaRef&)>> const changes = {
        [](v1::MetaRef& meta) { meta.Clear(); },
        [](v1::MetaRef& meta) { meta.set_name("targets"); },
        [](v1::MetaRef& meta) { meta.set_version(0); },
        [](v1::MetaRef& meta) { meta.set_version(std::uint64_t{1} << 53); },
        [](v1::MetaRef& meta) { meta.set_length(0); },
        [](v1::MetaRef& meta) { meta.set_length(kMaxSnapshotBytes + 1); },
        [](v1::MetaRef& meta) { meta.clear_sha256(); },
        [](v1::MetaRef& meta) { meta.set_sha256(std::string(31, 'x')); },
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        SCOPED_TRACE(i);
        repo_.publish_timestamp();
        changes[i](*repo_.timestamp.mutable_snapshot());
        repo_.seal(RoleName::timestamp);
        auto set = at_root(repo_);
        expect_refused(set.update_timestamp(repo_.newest(RoleName::timestamp)), Errc::malformed, "timestamp");
    }
}

}  // namespace
}  // namespace lanyard::trust::refresh_test
