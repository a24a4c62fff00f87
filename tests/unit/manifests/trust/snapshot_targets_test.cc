#include <functional>
#include <vector>

#include "manifests/trust/opening.h"
#include "tests/unit/manifests/trust/client.h"

namespace lanyard::trust::snapshot_targets_test {
namespace {

class Files : public testing::Test {
protected:
    // A client that has taken everything up to `last`.
    TrustedSet up_to(RoleName last) const {
        auto set = at_root(repo_);
        auto const walked = walk(set, repo_, last);
        EXPECT_TRUE(walked) << walked.error().detail;
        return set;
    }

    // A client that remembers this snapshot and has taken the newest timestamp.
    TrustedSet remembering(std::string const& snapshot) const {
        auto set = at_root(repo_);
        EXPECT_TRUE(set.load_trusted_snapshot(snapshot));
        EXPECT_TRUE(walk(set, repo_, RoleName::timestamp));
        return set;
    }

    RepositorySimulator repo_{kNow};
};

TEST_F(Files, MustHaveTheLengthAndDigestThatWereSignedBeforeTheirSignaturesAreLookedAt) {
    for (auto const role : {RoleName::snapshot, RoleName::targets}) {
        auto set = up_to(role == RoleName::snapshot ? RoleName::timestamp : RoleName::snapshot);
        auto const good = repo_.newest(role);
        auto same_length = good;
        same_length.back() = static_cast<char>(same_length.back() ^ 1);
        expect_refused(update(set, role, same_length), Errc::mix_and_match, text(role));
        expect_refused(update(set, role, good.substr(1)), Errc::mix_and_match, text(role));
        expect_refused(update(set, role, ""), Errc::mix_and_match, text(role));
        expect_refused(update(set, role, good + "x"), Errc::endless_data, text(role));
        EXPECT_EQ(set.targets(), nullptr);
        EXPECT_EQ(set.snapshot() == nullptr, role == RoleName::snapshot);
        EXPECT_TRUE(update(set, role, good));  // nothing refused has left a trace
    }
}

TEST_F(Files, MustBeSignedEvenWhenTheRoleAboveNamesThem) {
    for (auto const role : {RoleName::snapshot, RoleName::targets}) {
        RepositorySimulator repo(kNow);
        auto const forged = RepositorySimulator::sign(role, repo.payload(role), RepositorySimulator::fresh_keys(1));
        repo.put_file(repo.name_of(role), forged);
        if (role == RoleName::targets) repo.publish_snapshot();
        repo.publish_timestamp();
        auto set = at_root(repo);
        expect_refused(walk(set, repo, RoleName::targets), Errc::arbitrary_software, text(role));
        EXPECT_NE(set.timestamp(), nullptr);
        EXPECT_EQ(set.snapshot() == nullptr, role == RoleName::snapshot);
    }
}

TEST_F(Files, MustCarryTheVersionUnderWhichTheyAreNamed) {
    repo_.snapshot.set_version(7);
    repo_.put_file("7.snapshot.pb", repo_.file("1.snapshot.pb").value());
    repo_.publish_timestamp();
    auto set = at_root(repo_);
    ASSERT_TRUE(walk(set, repo_, RoleName::timestamp));
    expect_refused(set.update_snapshot(repo_.newest(RoleName::snapshot)), Errc::mix_and_match, "snapshot");

    repo_.targets.set_version(7);
    repo_.put_file("7.targets.pb", repo_.file("1.targets.pb").value());
    repo_.publish_snapshot();
    repo_.publish_timestamp();
    auto mixed = up_to(RoleName::snapshot);
    expect_refused(mixed.update_targets(repo_.newest(RoleName::targets)), Errc::mix_and_match, "targets");
}

TEST_F(Files, OfAnotherDayAreRefusedBesideTodaysSnapshot) {
    auto const yesterday = repo_.newest(RoleName::targets);
    *repo_.targets.add_targets() = support::make_target({});
    repo_.publish();
    auto set = up_to(RoleName::snapshot);
    EXPECT_FALSE(set.update_targets(yesterday));
    EXPECT_EQ(set.targets(), nullptr);
    EXPECT_TRUE(set.update_targets(repo_.newest(RoleName::targets)));
}

TEST_F(Files, OfAnotherRepositoryAreRefused) {
    repo_.targets.set_repo_id("sixteen bytes...");
    repo_.publish();
    auto set = up_to(RoleName::snapshot);
    expect_refused(set.update_targets(repo_.newest(RoleName::targets)), Errc::wrong_repository, "targets");
    repo_.snapshot.set_repo_id("sixteen bytes...");
    repo_.publish();
    auto other = up_to(RoleName::timestamp);
    expect_refused(other.update_snapshot(repo_.newest(RoleName::snapshot)), Errc::wrong_repository, "snapshot");
}

TEST_F(Files, MayNotComeInAnOlderVersionThanTheSnapshotOnDiskKnew) {
    repo_.publish();
    auto const kept = repo_.newest(RoleName::snapshot);
    repo_.targets.set_version(1);
    repo_.publish_snapshot();
    repo_.publish_timestamp();
    auto set = remembering(kept);
    expect_refused(set.update_snapshot(repo_.newest(RoleName::snapshot)), Errc::rollback, "targets");
    EXPECT_EQ(set.snapshot(), nullptr);
}

TEST_F(Files, ASnapshotMayNotBeOlderThanTheOneOnDiskEvenWhenTheTimestampWasLost) {
    auto const old = repo_.snapshot;
    repo_.publish();
    auto const kept = repo_.newest(RoleName::snapshot);
    repo_.snapshot = old;
    repo_.publish_timestamp();
    auto set = remembering(kept);
    expect_refused(set.update_snapshot(repo_.newest(RoleName::snapshot)), Errc::rollback, "snapshot");
}

TEST_F(Files, MayNotDisappearFromTheSnapshot) {
    auto const extra = RepositorySimulator::reference(RoleName::targets, 3, "a file of a team");
    repo_.publish_snapshot();
    *repo_.snapshot.add_metas() = extra;
    repo_.snapshot.mutable_metas(1)->set_name("team");
    repo_.seal(RoleName::snapshot);
    auto const kept = repo_.newest(RoleName::snapshot);
    repo_.publish_snapshot();  // names targets only
    repo_.publish_timestamp();
    auto set = remembering(kept);
    expect_refused(set.update_snapshot(repo_.newest(RoleName::snapshot)), Errc::rollback, "'team'");
}

TEST_F(Files, AnOldSnapshotOnDiskDoesNotStandInTheWayOfTheNewOne) {
    auto const kept = repo_.newest(RoleName::snapshot);
    repo_.publish();
    auto set = remembering(kept);
    expect_refused(set.update_snapshot(kept), Errc::mix_and_match, "snapshot");
    EXPECT_TRUE(set.update_snapshot(repo_.newest(RoleName::snapshot)));
    EXPECT_TRUE(set.update_targets(repo_.newest(RoleName::targets)));
}

TEST_F(Files, OnDiskServeAsLongAsTheTimestampStillNamesThem) {
    auto const snapshot = repo_.newest(RoleName::snapshot);
    auto const targets = repo_.newest(RoleName::targets);
    repo_.publish_timestamp();
    auto set = remembering(snapshot);
    EXPECT_TRUE(set.update_snapshot(snapshot));
    EXPECT_TRUE(set.update_targets(targets));
}

TEST_F(Files, RefusesMalformedSnapshots) {
    std::vector<std::function<void(v1::Snapshot&)>> const changes = {
        [](v1::Snapshot& s) { s.clear_metas(); },
        [](v1::Snapshot& s) { s.mutable_metas(0)->set_name("other"); },
        [](v1::Snapshot& s) { *s.add_metas() = s.metas(0); },
        [](v1::Snapshot& s) { s.mutable_metas(0)->set_version(0); },
        [](v1::Snapshot& s) { s.mutable_metas(0)->set_length(kMaxTargetsBytes + 1); },
        [](v1::Snapshot& s) { s.mutable_metas(0)->set_sha256("short"); },
        [](v1::Snapshot& s) { (*s.add_metas() = s.metas(0)).set_name("a\x1b[2Jb"); },
        [](v1::Snapshot& s) { (*s.add_metas() = s.metas(0)).set_name(std::string(65, 'x')); },
        [](v1::Snapshot& s) { (*s.add_metas() = s.metas(0)).set_name(std::string("a\0b", 3)); },
        [](v1::Snapshot& s) { (*s.add_metas() = s.metas(0)).set_name(""); },
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        SCOPED_TRACE(i);
        repo_.publish_snapshot();
        changes[i](repo_.snapshot);
        repo_.seal(RoleName::snapshot);
        repo_.publish_timestamp();
        auto set = up_to(RoleName::timestamp);
        expect_refused(set.update_snapshot(repo_.newest(RoleName::snapshot)), Errc::malformed, "snapshot");
    }
}

TEST_F(Files, RefusesTargetsThatNameOnePathTwiceOrNone) {
    *repo_.targets.add_targets() = support::make_target({});
    *repo_.targets.add_targets() = support::make_target({.version = "2.0.0"});
    *repo_.targets.add_targets() = support::make_target({.sha256 = sha256("another package")});
    repo_.publish();
    auto set = up_to(RoleName::snapshot);
    expect_refused(set.update_targets(repo_.newest(RoleName::targets)), Errc::malformed, "prometheus/stable/1.0.0");
    repo_.targets.mutable_targets(2)->clear_path();
    repo_.publish();
    auto other = up_to(RoleName::snapshot);
    expect_refused(other.update_targets(repo_.newest(RoleName::targets)), Errc::malformed, "targets");
}

TEST_F(Files, TakesFiftyThousandTargetsAndNotOneMore) {
    auto message = repo_.targets;
    for (int i = 0; i <= 50'000; ++i) message.add_targets()->set_path(std::to_string(i));
    expect_refused(parse_targets(message.SerializeAsString()), Errc::endless_data, "targets");
    message.mutable_targets()->RemoveLast();
    EXPECT_TRUE(parse_targets(message.SerializeAsString()));
}

TEST_F(Files, ATargetOfTheFutureIsRefusedAloneAndLeavesTheOthersUsable) {
    auto future = support::make_target({.version = "2.0.0"});
    future.set_type(static_cast<v1::PackageType>(77));
    auto const today = support::make_target({});
    *repo_.targets.add_targets() = future;
    *repo_.targets.add_targets() = today;
    repo_.publish();
    auto const set = up_to(RoleName::targets);
    expect_refused(set.find(future.path()), Errc::malformed, "targets");
    EXPECT_EQ(set.find(future.path()).error().code, Kind::trust);
    EXPECT_TRUE(set.find(today.path()));
}

}  // namespace
}  // namespace lanyard::trust::snapshot_targets_test
