#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "manifests/store/errc.h"
#include "manifests/trust/errc.h"
#include "tests/support/simulated_node.h"

namespace lanyard::check::attacks_test {
namespace {

using std::chrono::days;
using std::chrono::years;
using support::RepositorySimulator;
using trust::Errc;
using trust::RoleName;
using trust::TimePoint;
using Names = std::vector<std::string>;

constexpr TimePoint kNow{std::chrono::seconds(1'700'000'000)};

// What a stolen seeder, a hostile network or a wrong clock can do to a node.
class Attack : public testing::Test {
protected:
    Attack() {
        *repository.targets.add_targets() = own;
        repository.publish();
        node.anchor(repository.newest(RoleName::root));
    }

    void delegate_to_team() {
        *repository.role("team").add_targets() = of_team;
        repository.delegate("targets", "team", {"grafana/*/*/*/*"});
        repository.publish_role("team");
        repository.publish();
    }

    template <class T>
    void expect_refused(Result<T> const& result, Errc why, std::string const& words) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, why) << result.error().detail;
        EXPECT_EQ(kind_of(result.error().code), Kind::trust);
        EXPECT_NE(result.error().detail.find(words), std::string::npos) << result.error().detail;
    }

    // What the next page of the database will find.
    void set_room(char const* pages) {
        auto const set = node.database.write([&](store::Connection& db) -> Status {
            auto limit = db.prepare(std::string("PRAGMA max_page_count=") + pages);
            limit.next();
            return {};
        });
        ASSERT_TRUE(set);
    }

    v1::Target const own = support::make_target({});
    v1::Target const of_team = support::make_target({.app = "grafana"});
    RepositorySimulator repository{kNow};
    support::SimulatedNode node{repository};
    support::SimulatedSource& source = node.source;
};

TEST_F(Attack, EveryFetchIsCapped) {
    delegate_to_team();
    ASSERT_TRUE(node.find(of_team.path(), kNow));
    EXPECT_EQ(source.asked, (Names{"2.root.pb", "timestamp.pb", "3.snapshot.pb", "3.targets.pb", "1.team.pb"}));
    EXPECT_EQ(source.caps,
              (std::vector<std::size_t>{
                  trust::kMaxRootBytes, trust::kMaxTimestampBytes, repository.newest(RoleName::snapshot).size(),
                  repository.newest(RoleName::targets).size(), repository.file("1.team.pb")->size()}));
}

TEST_F(Attack, EndlessDataIsRefusedForEveryRole) {
    delegate_to_team();
    for (auto const* name : {"2.root.pb", "timestamp.pb", "3.snapshot.pb", "3.targets.pb", "1.team.pb"}) {
        SCOPED_TRACE(name);
        auto const honest = repository.file(name);
        repository.put_file(name, std::string(5'000'001, 'x'));
        expect_refused(node.find(of_team.path(), kNow), Errc::endless_data, name);
        EXPECT_EQ(source.asked.back(), name);
        if (honest) {
            repository.put_file(name, *honest);
        } else {
            repository.remove_file(name);
        }
    }
    EXPECT_TRUE(node.find(of_team.path(), kNow));
}

TEST_F(Attack, AnEndlessChainOfRootsIsFollowedByTwoHundredAndFiftySixAtATime) {
    for (int i = 0; i < 300; ++i) repository.publish_root();
    ASSERT_TRUE(node.refresh(kNow));
    EXPECT_EQ(source.asked.size(), trust::kMaxRootRotations + 3);
    EXPECT_EQ(node.stored(RoleName::root), repository.file("257.root.pb"));
    ASSERT_TRUE(node.refresh(kNow));
    EXPECT_EQ(node.stored(RoleName::root), repository.newest(RoleName::root));
}

TEST_F(Attack, AFullDiskWhileANewRootIsKeptLeavesTheOldOne) {
    auto const old = node.stored(RoleName::root);
    // Larger than what is free in the pages there are.
    repository.set_keys(RoleName::targets, RepositorySimulator::fresh_keys(400), 1);
    repository.rotate_keys(RoleName::timestamp);
    repository.publish_root();
    repository.publish();
    set_room("1");
    auto const refused = node.refresh(kNow);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, store::Errc::full) << refused.error().detail;
    EXPECT_EQ(node.stored(RoleName::root), old);
    set_room("1000000");
    auto const trusted = node.refresh(kNow);
    ASSERT_TRUE(trusted) << trusted.error().detail;
    EXPECT_EQ(source.asked.front(), "2.root.pb");
    EXPECT_EQ(node.stored(RoleName::root), repository.newest(RoleName::root));
}

TEST_F(Attack, ARefreshThatBreaksOffAnywhereGoesOnAndNeverBack) {
    auto const before = repository.files();
    ASSERT_TRUE(node.refresh(kNow));
    repository.publish_root();
    repository.publish();
    for (auto const* name : {"2.root.pb", "timestamp.pb", "3.snapshot.pb", "3.targets.pb"}) {
        SCOPED_TRACE(name);
        source.away = name;
        EXPECT_FALSE(node.refresh(kNow));
        source.away.clear();
        // The files of yesterday, all of them good once.
        auto const today = repository.files();
        for (auto const& [file, bytes] : before) repository.put_file(file, bytes);
        bool const timestamp_known = std::string(name) == "3.snapshot.pb" || std::string(name) == "3.targets.pb";
        EXPECT_EQ(node.refresh(kNow).has_value(), !timestamp_known);
        for (auto const& [file, bytes] : today) repository.put_file(file, bytes);
    }
    EXPECT_TRUE(node.refresh(kNow));
}

TEST_F(Attack, ARootOfTheAttackerIsNotPassedByWayOfTheNext) {
    auto const attacker = RepositorySimulator::fresh_keys(1);
    repository.set_keys(RoleName::root, attacker, 1);
    for (auto const version : {2u, 3u}) {
        repository.root.set_version(version);
        repository.put_file(std::to_string(version) + ".root.pb",
                            repository.sign(RoleName::root, repository.payload(RoleName::root), attacker));
    }
    auto const anchor = node.stored(RoleName::root);
    expect_refused(node.refresh(kNow), Errc::arbitrary_software, "root");
    EXPECT_EQ(source.asked, Names{"2.root.pb"});
    EXPECT_EQ(node.stored(RoleName::root), anchor);
}

TEST_F(Attack, AReplayedTimestampIsAFreezeOnceItHasExpired) {
    ASSERT_TRUE(node.refresh(kNow));
    ASSERT_TRUE(node.refresh(kNow + days(1) - std::chrono::seconds(1)));
    auto const kept = node.stored(RoleName::targets);
    for (int i = 0; i < 2; ++i) expect_refused(node.refresh(kNow + days(1)), Errc::freeze, "(freeze)");
    EXPECT_EQ(node.stored(RoleName::targets), kept);
    repository.timestamp.set_expires((kNow + days(3)).time_since_epoch().count());
    repository.publish_timestamp();
    EXPECT_TRUE(node.refresh(kNow + days(1)));
}

TEST_F(Attack, FilesOfAnotherRepositoryWithTheSameKeysAreRefused) {
    repository.timestamp.set_repo_id("sixteen bytes...");
    repository.publish_timestamp();
    expect_refused(node.refresh(kNow), Errc::wrong_repository, "timestamp");
    EXPECT_EQ(node.stored(RoleName::timestamp), "nothing");
}

TEST_F(Attack, AClockSetBackIsRefusedBeforeAnythingIsAsked) {
    ASSERT_TRUE(node.refresh(kNow));
    for (auto const clock : {kNow - years(10), TimePoint(std::chrono::seconds(0)), kNow - days(2)}) {
        expect_refused(node.refresh(clock), Errc::clock_set_back, "set back");
        EXPECT_EQ(source.asked, Names());
    }
    EXPECT_TRUE(node.refresh(kNow));
}

TEST_F(Attack, AClockSetBackALittleMakesNothingFreshThatHadExpired) {
    ASSERT_TRUE(node.refresh(kNow));
    repository.timestamp.set_expires((kNow + days(9)).time_since_epoch().count());
    repository.publish_timestamp();
    auto const first = repository.newest(RoleName::timestamp);
    ASSERT_TRUE(node.refresh(kNow + days(6)));
    // A timestamp that had expired by then, in a newer version; the clock says that it has not.
    repository.timestamp.set_expires((kNow + days(6)).time_since_epoch().count());
    repository.publish_timestamp();
    expect_refused(node.refresh(kNow + days(6) - std::chrono::hours(12)), Errc::freeze, "timestamp");
    repository.put_file("timestamp.pb", first);
    EXPECT_TRUE(node.refresh(kNow + days(6)));
}

TEST_F(Attack, AClockAheadIsRefusedAndForgottenWhenItIsRightAgain) {
    ASSERT_TRUE(node.refresh(kNow));
    expect_refused(node.refresh(kNow + years(10)), Errc::freeze, "root");
    TimePoint const after_2038{std::chrono::seconds(2'200'000'000)};
    expect_refused(node.refresh(after_2038), Errc::freeze, "root");
    EXPECT_TRUE(node.refresh(kNow + std::chrono::seconds(1)));
}

TEST_F(Attack, TheFirstRefreshMayComeFromAnyClock) {
    // Nothing is known yet that it could be held against; the expiries are.
    EXPECT_TRUE(node.refresh(TimePoint(std::chrono::seconds(0))));
    EXPECT_TRUE(node.refresh(kNow));
    expect_refused(node.refresh(TimePoint(std::chrono::seconds(0))), Errc::clock_set_back, "set back");
}

TEST_F(Attack, TheFloorOfTheClockOutlivesTheProcess) {
    ASSERT_TRUE(node.refresh(kNow));
    auto again = store::Database::open(node.scratch / "node.db", node.migrations).value();
    EXPECT_EQ(store::MetadataStore(again).clock_floor().value(), kNow);
    ASSERT_TRUE(store::MetadataStore(again).raise_clock_floor(kNow - days(1)));
    EXPECT_EQ(store::MetadataStore(again).clock_floor().value(), kNow);
}

TEST_F(Attack, ARefreshThatFailsRaisesNoFloor) {
    source.away = "2.targets.pb";
    EXPECT_FALSE(node.refresh(kNow));
    EXPECT_EQ(node.store.clock_floor().value(), std::nullopt);
}

TEST_F(Attack, ADelegatedRoleThatCannotBeHadHarmsItsOwnTargetsOnly) {
    delegate_to_team();
    source.away = "1.team.pb";
    auto const trusted = node.refresh(kNow);
    ASSERT_TRUE(trusted) << trusted.error().detail;
    EXPECT_EQ(node.find_in(*trusted, of_team.path()).error().code, http::Errc::unreachable);
    EXPECT_TRUE(node.find_in(*trusted, own.path()));
    source.away.clear();
    EXPECT_TRUE(node.find_in(*trusted, of_team.path()));
}

TEST_F(Attack, ADelegatedRoleIsAskedForOnceAndThenKept) {
    delegate_to_team();
    ASSERT_TRUE(node.find(of_team.path(), kNow));
    ASSERT_TRUE(node.find(of_team.path(), kNow));
    EXPECT_EQ(source.asked, (Names{"2.root.pb", "timestamp.pb"}));
    ASSERT_TRUE(node.store.put_delegated("team", "damaged"));
    ASSERT_TRUE(node.find(of_team.path(), kNow));
    EXPECT_EQ(source.asked.back(), "1.team.pb");
    EXPECT_EQ(node.store.get_delegated("team")->value(), repository.file("1.team.pb"));
}

TEST_F(Attack, AKeptRoleIsNotBelievedPastItsExpiry) {
    delegate_to_team();
    repository.role("team").set_expires((kNow + std::chrono::hours(1)).time_since_epoch().count());
    repository.publish_role("team");
    repository.publish();
    ASSERT_TRUE(node.find(of_team.path(), kNow));
    expect_refused(node.find(of_team.path(), kNow + std::chrono::hours(1)), Errc::freeze, "'team'");
}

TEST_F(Attack, ATeamWhoseKeyWasRevokedIsNotBelievedFromItsKeptFile) {
    delegate_to_team();
    ASSERT_TRUE(node.find(of_team.path(), kNow));
    auto const fresh = RepositorySimulator::fresh_keys(1);
    *repository.targets.mutable_keys(0) = fresh[0]->public_key();
    repository.targets.mutable_delegations(0)->set_keyids(0, trust::key_id(fresh[0]->public_key()).to_raw());
    repository.publish();
    expect_refused(node.find(of_team.path(), kNow), Errc::arbitrary_software, "'team'");
    repository.role_keys("team") = fresh;
    repository.publish_role("team");
    repository.publish();
    EXPECT_TRUE(node.find(of_team.path(), kNow));
}

TEST_F(Attack, RolesThatNobodyNamesAnyMoreAreDropped) {
    delegate_to_team();
    ASSERT_TRUE(node.find(of_team.path(), kNow));
    // Only new keys allow a role to vanish from the snapshot.
    repository.rotate_keys(RoleName::snapshot);
    repository.publish_root();
    repository.role("team").set_version(0);
    repository.targets.clear_delegations();
    repository.publish();
    ASSERT_TRUE(node.refresh(kNow));
    EXPECT_EQ(node.store.get_delegated("team").value(), std::nullopt);
}

TEST_F(Attack, NamesOfRolesBecomeNoPathsInRequests) {
    for (auto const& [name, request] :
         std::vector<std::pair<std::string, std::string>>{{"../../../etc/passwd", "1...%2F..%2F..%2Fetc%2Fpasswd.pb"},
                                                          {"%2e%2e%2f", "1.%252e%252e%252f.pb"},
                                                          {"a b\"c", "1.a%20b%22c.pb"},
                                                          {"\xd0\xb0", "1.%D0%B0.pb"}}) {
        RepositorySimulator repo(kNow);
        repo.delegate("targets", name);
        repo.publish_role(name);
        repo.publish();
        support::SimulatedNode other(repo);
        other.anchor(repo.newest(RoleName::root));
        EXPECT_EQ(other.find("x", kNow).error().code, Errc::no_such_target) << name;
        EXPECT_EQ(other.source.asked.back(), request);
    }
}

}  // namespace
}  // namespace lanyard::check::attacks_test
