#include <gtest/gtest.h>

#include "manifests/signing/errc.h"
#include "manifests/trust/errc.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/publisher.h"
#include "tests/support/repository.h"
#include "tests/support/signing_requests.h"

// What somebody hands in at `import`: whatever it claims, the keys of the repository decide.

namespace lanyard::publish::take_test {
namespace {

using support::Ceremony;
using support::kRepositoryNow;
using support::MortalDisk;
using support::Repository;
using support::sample_release;
using trust::RoleName;

constexpr trust::TimePoint kNow = kRepositoryNow;

class TakeTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(repository_.publish("1.0.0")); }

    Publisher publisher() { return {repository_.database(), projection_, repository_.keys().online()}; }

    // The next targets as they may be asked for, without a signature.
    v1::Targets next_targets() {
        auto targets = targets_in(repository_.manifest().targets).value();
        targets.set_version(targets.version() + 1);
        return targets;
    }

    // A root like the real one, in which all keys are the thief's.
    v1::NamedEnvelope thiefs_root() const {
        auto root = repository_.keys().first_root(support::kRepoId);
        auto const id = trust::key_id(thief_->public_key()).to_raw();
        root.clear_keys();
        *root.add_keys() = thief_->public_key();
        for (auto* role :
             {root.mutable_root(), root.mutable_targets(), root.mutable_snapshot(), root.mutable_timestamp()}) {
            role->clear_keyids();
            role->add_keyids(id);
        }
        v1::NamedEnvelope named;
        Ceremony::put(named, RoleName::root, root.SerializeAsString(), {thief_.get()});
        return named;
    }

    // Signed by the thief, with a root beside it that says that the thief may.
    v1::SigningRequest by_the_thief(v1::Targets const& targets) {
        v1::SigningRequest request;
        request.set_schema(1);
        *request.add_current() = thiefs_root();
        auto& current = *request.add_current();
        current.set_role("targets");
        EXPECT_TRUE(current.mutable_envelope()->ParseFromString(repository_.manifest().targets.envelope));
        Ceremony::put(*request.add_to_sign(), RoleName::targets, targets.SerializeAsString(), {thief_.get()});
        return request;
    }

    Result<Change> take(v1::SigningRequest const& message) {
        return publisher().take(signing::Request::from(message).value(), kNow);
    }

    void expect_unchanged(Manifest const& before) {
        auto const after = repository_.manifest();
        EXPECT_EQ(after.targets.envelope, before.targets.envelope);
        EXPECT_EQ(after.snapshot.envelope, before.snapshot.envelope);
        EXPECT_EQ(after.timestamp.envelope, before.timestamp.envelope);
        EXPECT_EQ(after.delegated.size(), before.delegated.size());
        EXPECT_EQ(repository_.seen_by_a_node().value(), std::vector<std::string>{"1.0.0"});
    }

    Repository repository_;
    MortalDisk disk_;
    Projection projection_{disk_, repository_.folder(), repository_.lock()};
    std::unique_ptr<signing::Signer> thief_ = signing::generate_key().value();
};

TEST_F(TakeTest, SignaturesCountByThePublishedRootAndNotByTheOneInTheRequest) {
    auto const before = repository_.manifest();
    auto const message = by_the_thief(next_targets());
    ASSERT_TRUE(signing::Request::from(message)->missing().empty()) << "by its own root it is complete";
    auto const taken = take(message);
    ASSERT_TRUE(taken) << taken.error().detail;
    ASSERT_TRUE(taken->request) << "the keys of the repository have not signed";
    EXPECT_TRUE(taken->request->to_sign(0).envelope().signatures().empty());
    expect_unchanged(before);
}

// Expired targets once escaped the node's eyes.
TEST_F(TakeTest, ExpiredTargetsAreNotPublishedWhoeverSigns) {
    auto const before = repository_.manifest();
    auto targets = next_targets();
    targets.clear_targets();
    targets.set_expires(kNow.time_since_epoch().count() - 1);
    auto const stolen = take(by_the_thief(targets));
    EXPECT_TRUE(!stolen || stolen->request);
    auto request = signing::Request::from(by_the_thief(targets)).value();
    auto honest = held_against(request, before).value();
    ASSERT_TRUE(honest.sign(*repository_.keys().targets));
    auto const signed_late = publisher().take(honest, kNow);
    ASSERT_FALSE(signed_late);
    EXPECT_EQ(signed_late.error().code, trust::Errc::freeze);
    expect_unchanged(before);
}

TEST_F(TakeTest, ARoleThatThePublishedTargetsDelegateNothingToIsRefused) {
    auto const before = repository_.manifest();
    auto message = by_the_thief(next_targets());
    auto delegator = targets_in(before.targets).value();
    *delegator.add_keys() = thief_->public_key();
    auto& delegation = *delegator.add_delegations();
    delegation.set_name("ghost");
    delegation.set_threshold(1);
    delegation.add_keyids(trust::key_id(thief_->public_key()).to_raw());
    delegation.add_paths("shop/*/*/*/*");
    message.mutable_current(1)->mutable_envelope()->set_payload(delegator.SerializeAsString());
    message.mutable_to_sign(0)->set_role("ghost");
    auto const taken = take(message);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, signing::Errc::malformed_request);
    expect_unchanged(before);
}

TEST_F(TakeTest, ARequestOfAnotherRepositoryIsRefused) {
    auto const before = repository_.manifest();
    auto targets = next_targets();
    targets.set_repo_id(std::string(16, 'q'));
    auto const taken = take(by_the_thief(targets));
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Errc::other_repository);
    expect_unchanged(before);
}

TEST_F(TakeTest, ARequestCarriesEveryRoot) {
    Publisher all(repository_.database(), projection_, repository_.keys().all());
    ASSERT_TRUE(all.change_keys({}, kNow));
    ASSERT_TRUE(all.change_keys({}, kNow));
    auto const asked = publisher().publish(sample_release("shop", "2.0.0"), kNow);
    ASSERT_TRUE(asked && asked->request);
    auto const request = signing::Request::from(*asked->request).value();
    auto const roots = request.roots();
    ASSERT_EQ(roots.size(), 3U);
    for (std::size_t i = 0; i < roots.size(); ++i) {
        EXPECT_EQ(roots[i]->SerializeAsString(), repository_.manifest().roots[i].envelope);
    }
}

// The top level is renewed by other people than those who sign a team's releases.
TEST_F(TakeTest, ATeamGoesOnAlthoughTheTopLevelHasExpired) {
    auto const team = signing::generate_key().value();
    v1::Delegation delegation;
    delegation.set_name("team");
    delegation.set_threshold(1);
    delegation.add_paths("till/*/*/*/*");
    Publisher all(repository_.database(), projection_, repository_.keys().all());
    ASSERT_TRUE(all.delegate(delegation, {team->public_key()}, kNow));
    auto const late = kNow + std::chrono::days(366);
    auto const asked = publisher().publish(sample_release("till", "1.0.0"), late, "team");
    ASSERT_TRUE(asked && asked->request);
    auto request = signing::Request::from(*asked->request).value();
    ASSERT_TRUE(request.sign(*team));
    auto const taken = publisher().take(request, late);
    ASSERT_TRUE(taken) << taken.error().detail;
    EXPECT_EQ(repository_.manifest().delegated.at("team").version, 1U);
}

}  // namespace
}  // namespace lanyard::publish::take_test
