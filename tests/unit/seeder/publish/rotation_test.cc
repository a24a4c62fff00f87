#include <gtest/gtest.h>

#include "manifests/trust/opening.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/publisher.h"
#include "tests/support/repository.h"

namespace lanyard::publish::rotation_test {
namespace {

using std::chrono::days;
using support::kRepositoryNow;
using support::MemoryKeys;
using support::MortalDisk;
using support::Repository;
using trust::RoleName;

constexpr trust::TimePoint kNow = kRepositoryNow;

class RotationTest : public testing::Test {
protected:
    Result<Change> rotate(std::vector<RoleKeys> const& changes, Signers signers, trust::TimePoint now = kNow) {
        Projection projection(disk_, repository_.folder(), repository_.lock());
        return Publisher(repository_.database(), projection, std::move(signers)).change_keys(changes, now);
    }

    Result<Change> take(v1::SigningRequest const& request, Signers signers) {
        Projection projection(disk_, repository_.folder(), repository_.lock());
        return Publisher(repository_.database(), projection, std::move(signers))
            .take(signing::Request::from(request).value(), kNow);
    }

    Signers everybody() const {
        auto signers = keys_.all();
        for (auto const* more : fresh_.all()) signers.push_back(more);
        return signers;
    }

    Repository repository_;
    MemoryKeys const& keys_ = repository_.keys();
    MemoryKeys fresh_;
    MortalDisk disk_;
};

TEST_F(RotationTest, ANodeFollowsANewKeyOfAnyRole) {
    ASSERT_TRUE(repository_.publish("1.0.0"));
    auto const before = repository_.manifest();
    auto const changed = rotate({{RoleName::root, {fresh_.root->public_key()}, 1},
                                 {RoleName::targets, {fresh_.targets->public_key()}, 1},
                                 {RoleName::snapshot, {fresh_.snapshot->public_key()}, 1},
                                 {RoleName::timestamp, {fresh_.timestamp->public_key()}, 1}},
                                everybody());
    ASSERT_TRUE(changed) << changed.error().detail;
    ASSERT_FALSE(changed->request);
    auto const after = repository_.manifest();
    EXPECT_EQ(after.roots.size(), 2U);
    EXPECT_EQ(after.targets.version, before.targets.version + 1) << "the old targets are signed by nobody now";
    EXPECT_TRUE(verify_as_node(before, after, Depth::all, std::nullopt, kNow));
    // With the new keys alone it goes on.
    EXPECT_TRUE(repository_.publish("1.1.0", disk_, fresh_.all()));
    EXPECT_TRUE(repository_.publish("1.2.0", disk_, keys_.all())->request) << "the old targets key has no say";
}

TEST_F(RotationTest, SignsNothingAnewThatStillHolds) {
    auto const before = repository_.manifest();
    ASSERT_TRUE(rotate({{RoleName::root, {fresh_.root->public_key()}, 1}}, everybody()));
    auto after = repository_.manifest();
    EXPECT_EQ(after.timestamp.version, before.timestamp.version);
    ASSERT_TRUE(rotate({{RoleName::timestamp, {fresh_.timestamp->public_key()}, 1}}, everybody()));
    after = repository_.manifest();
    EXPECT_EQ(after.timestamp.version, before.timestamp.version + 1);
    EXPECT_EQ(after.snapshot.version, before.snapshot.version);
    EXPECT_EQ(after.targets.version, before.targets.version);
}

TEST_F(RotationTest, RenewsTheRootAlsoWhenItHasExpired) {
    auto const late = kNow + days(4 * 365);
    ASSERT_FALSE(repository_.seen_by_a_node(late));
    auto const changed = rotate({}, keys_.all(), late);
    ASSERT_TRUE(changed) << changed.error().detail;
    EXPECT_TRUE(expiry_warnings(repository_.manifest(), late).size() == 1U) << "only of the targets";
}

TEST_F(RotationTest, AnOfflineKeyIsAskedAndTheRestFollowsOnceItHasSigned) {
    ASSERT_TRUE(repository_.publish("1.0.0"));
    auto const before = repository_.manifest();
    auto const asked = rotate({{RoleName::timestamp, {fresh_.timestamp->public_key()}, 1}},
                              {keys_.snapshot.get(), fresh_.timestamp.get()});
    ASSERT_TRUE(asked) << asked.error().detail;
    ASSERT_TRUE(asked->request);
    EXPECT_EQ(repository_.manifest().roots.size(), 1U) << "nothing has changed yet";
    auto const early = take(*asked->request, {keys_.snapshot.get(), fresh_.timestamp.get()});
    ASSERT_TRUE(early);
    EXPECT_TRUE(early->request) << "it is not signed yet";

    auto request = signing::Request::from(*asked->request).value();
    ASSERT_TRUE(request.sign(*keys_.root));
    auto const taken = take(request.to_proto(), {keys_.snapshot.get(), fresh_.timestamp.get()});
    ASSERT_TRUE(taken) << taken.error().detail;
    EXPECT_FALSE(taken->request);
    EXPECT_TRUE(verify_as_node(before, repository_.manifest(), Depth::all, std::nullopt, kNow));
    EXPECT_EQ(take(request.to_proto(), keys_.online()).error().code, Errc::overtaken);
}

TEST_F(RotationTest, AReleaseThatWasSignedElsewhereIsLiveOnceItIsTaken) {
    auto const asked = repository_.publish("1.0.0", disk_, keys_.online());
    ASSERT_TRUE(asked && asked->request);
    EXPECT_EQ(repository_.revision(), 1U);
    auto request = signing::Request::from(*asked->request).value();
    ASSERT_TRUE(request.sign(*keys_.targets));
    auto const taken = take(request.to_proto(), keys_.online());
    ASSERT_TRUE(taken) << taken.error().detail;
    ASSERT_EQ(taken->entries.size(), 1U);
    EXPECT_EQ(taken->entries.front().target.version(), "1.0.0");
    EXPECT_EQ(repository_.seen_by_a_node().value(), std::vector<std::string>{"1.0.0"});
    // Counters go on.
    EXPECT_EQ(repository_.publish("1.1.0")->entries.front().target.release_counter(), 2U);
}

TEST_F(RotationTest, OfTwoRequestsForOneVersionTheSecondIsOvertaken) {
    auto const first = repository_.publish("1.0.0", disk_, keys_.online());
    auto const second = repository_.publish("2.0.0", disk_, keys_.online());
    for (auto const& [asked, code] :
         {std::pair(first, std::error_code()), std::pair(second, make_error_code(Errc::overtaken))}) {
        auto request = signing::Request::from(*asked->request).value();
        ASSERT_TRUE(request.sign(*keys_.targets));
        auto const taken = take(request.to_proto(), keys_.online());
        EXPECT_EQ(taken ? std::error_code() : taken.error().code, code);
    }
    EXPECT_EQ(repository_.seen_by_a_node().value(), std::vector<std::string>{"1.0.0"});
}

TEST_F(RotationTest, ARoleKeepsEnoughDifferentKeys) {
    auto const key = fresh_.root->public_key();
    EXPECT_EQ(rotate({{RoleName::root, {key}, 2}}, everybody()).error().code, Errc::unsound_keys);
    EXPECT_EQ(rotate({{RoleName::root, {key}, 0}}, everybody()).error().code, Errc::unsound_keys);
    EXPECT_EQ(rotate({{RoleName::root, {key, key}, 2}}, everybody()).error().code, Errc::unsound_keys);
    auto const root = root_in(repository_.manifest().roots.back()).value();
    auto const id = trust::key_id(keys_.root->public_key()).to_hex();
    EXPECT_EQ(without(keys_of(root, RoleName::root), id).error().code, Errc::unsound_keys);
    EXPECT_EQ(without(keys_of(root, RoleName::root), "ffffffff").error().code, Errc::no_such_key);
    EXPECT_EQ(without(keys_of(root, RoleName::root), "").error().code, Errc::no_such_key);
    EXPECT_EQ(repository_.manifest().roots.size(), 1U);
}

TEST_F(RotationTest, TheOnlineKeysMustBeHereBeforeNodesAreToldOfThem) {
    auto const changed = rotate({{RoleName::timestamp, {fresh_.timestamp->public_key()}, 1}}, keys_.all());
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().code, Errc::missing_key);
    EXPECT_EQ(repository_.manifest().roots.size(), 1U);
}

TEST_F(RotationTest, AfterARotationUsedUpVersionsBeginAnew) {
    // As if this very seeder had been made to sign it.
    auto const root = root_in(repository_.manifest().roots.back()).value();
    auto last = repository_.manifest();
    last.snapshot = sign_snapshot(root, trust::kMaxMetadataVersion, last, keys_.all(), kNow).value();
    last.timestamp = sign_timestamp(root, trust::kMaxMetadataVersion, last.snapshot, keys_.all(), kNow).value();
    ASSERT_TRUE(repository_.restore(last, 0));
    EXPECT_EQ(repository_.publish("1.0.0").error().code, Errc::used_up);
    auto const changed = rotate({{RoleName::snapshot, {fresh_.snapshot->public_key()}, 1},
                                 {RoleName::timestamp, {fresh_.timestamp->public_key()}, 1}},
                                everybody());
    ASSERT_TRUE(changed) << changed.error().detail;
    EXPECT_EQ(repository_.manifest().timestamp.version, 1U);
    EXPECT_TRUE(verify_as_node(last, repository_.manifest(), Depth::all, std::nullopt, kNow)) << "nodes recover";
    EXPECT_TRUE(repository_.publish("1.0.0", disk_, everybody()));
}

// As with a publish: at whichever write the process dies, nodes see the old set or the new one.
TEST_F(RotationTest, DeathAtAnyStepLeavesTheOldSetOrTheNewOne) {
    for (std::size_t last = 0;; ++last) {
        Repository repository;
        ASSERT_TRUE(repository.publish("1.0.0"));
        MemoryKeys const fresh;
        auto signers = repository.keys().all();
        for (auto const* more : fresh.all()) signers.push_back(more);
        MortalDisk disk(last);
        Projection projection(disk, repository.folder(), repository.lock());
        auto const changed = Publisher(repository.database(), projection, signers)
                                 .change_keys({{RoleName::targets, {fresh.targets->public_key()}, 1}}, kNow);
        ASSERT_TRUE(changed) << changed.error().detail;
        ASSERT_TRUE(repository.draw());
        EXPECT_EQ(repository.seen_by_a_node().value(), std::vector<std::string>{"1.0.0"}) << "died at step " << last;
        if (!disk.died()) break;
    }
}

}  // namespace
}  // namespace lanyard::publish::rotation_test
