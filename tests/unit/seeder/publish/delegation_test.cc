#include <gtest/gtest.h>

#include "seeder/publish/delegations.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/publisher.h"
#include "tests/support/repository.h"

namespace lanyard::publish::delegation_test {
namespace {

using support::kRepositoryNow;
using support::MortalDisk;
using support::Repository;
using support::sample_release;

constexpr trust::TimePoint kNow = kRepositoryNow;

v1::Delegation to_team(std::string const& pattern = "till/*/*/*/*") {
    v1::Delegation delegation;
    delegation.set_name("team");
    delegation.set_threshold(1);
    delegation.add_paths(pattern);
    return delegation;
}

class DelegationTest : public testing::Test {
protected:
    Publisher publisher(Signers signers) { return {repository_.database(), projection_, std::move(signers)}; }

    Signers with_team() const {
        auto signers = repository_.keys().all();
        signers.push_back(team_.get());
        return signers;
    }

    Status find(std::string const& path) {
        return verify_as_node(std::nullopt, repository_.manifest(), Depth::all, path, kNow);
    }

    Repository repository_;
    MortalDisk disk_;
    Projection projection_{disk_, repository_.folder(), repository_.lock()};
    std::unique_ptr<signing::Signer> team_ = signing::generate_key().value();
    v1::Target till_ = sample_release("till", "1.0.0");
};

TEST_F(DelegationTest, ANodeFindsWhatTheTeamHasSigned) {
    ASSERT_TRUE(publisher(with_team()).delegate(to_team(), {team_->public_key()}, kNow));
    auto const change = publisher({repository_.keys().snapshot.get(), repository_.keys().timestamp.get(), team_.get()})
                            .publish(till_, kNow, "team");
    ASSERT_TRUE(change) << change.error().detail;
    ASSERT_FALSE(change->request) << "the targets key has no say in it";
    EXPECT_TRUE(find(till_.path()));
    EXPECT_TRUE(std::filesystem::exists(repository_.folder() / "1.team.pb"));
    // The top level goes on beside it, and keeps the delegation.
    ASSERT_TRUE(repository_.publish("1.0.0"));
    EXPECT_TRUE(find(till_.path()));
    EXPECT_EQ(change->entries.front().role, "team");
}

TEST_F(DelegationTest, TheTeamNamesNothingElse) {
    ASSERT_TRUE(publisher(with_team()).delegate(to_team(), {team_->public_key()}, kNow));
    auto const change = publisher(with_team()).publish(sample_release("shop", "1.0.0"), kNow, "team");
    ASSERT_FALSE(change);
    EXPECT_EQ(change.error().code, Errc::no_such_role);
    EXPECT_EQ(publisher(with_team()).publish(till_, kNow, "nobody").error().code, Errc::no_such_role);
    EXPECT_EQ(repository_.manifest().delegated.size(), 0U);
}

TEST_F(DelegationTest, WithoutTheTeamsKeyItsSignatureIsAskedFor) {
    ASSERT_TRUE(publisher(with_team()).delegate(to_team(), {team_->public_key()}, kNow));
    auto const asked = publisher(repository_.keys().all()).publish(till_, kNow, "team");
    ASSERT_TRUE(asked && asked->request);
    auto request = signing::Request::from(*asked->request).value();
    ASSERT_TRUE(request.sign(*team_));
    auto const taken = publisher(repository_.keys().all()).take(request, kNow);
    ASSERT_TRUE(taken) << taken.error().detail;
    EXPECT_EQ(taken->entries.front().role, "team");
    EXPECT_TRUE(find(till_.path()));
}

TEST_F(DelegationTest, WhatANewKeyHasNotSignedIsSignedAnew) {
    ASSERT_TRUE(publisher(with_team()).delegate(to_team(), {team_->public_key()}, kNow));
    ASSERT_TRUE(publisher(with_team()).publish(till_, kNow, "team"));
    auto const before = repository_.manifest();
    auto const fresh = signing::generate_key().value();
    auto signers = repository_.keys().all();
    signers.push_back(fresh.get());
    auto const changed = publisher(signers).delegate(to_team(), {fresh->public_key()}, kNow);
    ASSERT_TRUE(changed) << changed.error().detail;
    ASSERT_FALSE(changed->request);
    EXPECT_EQ(repository_.manifest().delegated.at("team").version, 2U);
    EXPECT_TRUE(verify_as_node(before, repository_.manifest(), Depth::all, till_.path(), kNow));
    EXPECT_EQ(targets_in(repository_.manifest().targets)->keys_size(), 1) << "the old key is listed no longer";
}

TEST_F(DelegationTest, IsTakenBackOnceNothingIsLiveInIt) {
    ASSERT_TRUE(publisher(with_team()).delegate(to_team(), {team_->public_key()}, kNow));
    ASSERT_TRUE(publisher(with_team()).publish(till_, kNow, "team"));
    auto const seen = repository_.manifest();
    EXPECT_EQ(publisher(with_team()).remove_delegation("team", kNow).error().code, Errc::role_in_use);
    catalogue::Filter till;
    till.app = release::AppId::parse("till").value();
    auto const withdrawn = publisher(with_team()).withdraw(till, kNow);
    ASSERT_TRUE(withdrawn) << withdrawn.error().detail;
    ASSERT_TRUE(publisher(with_team()).remove_delegation("team", kNow));
    EXPECT_TRUE(verify_as_node(seen, repository_.manifest(), Depth::all, std::nullopt, kNow))
        << "the snapshot must go on naming it";
    EXPECT_EQ(publisher(with_team()).remove_delegation("team", kNow).error().code, Errc::no_such_role);
}

TEST_F(DelegationTest, ARoleSaysThatItWillExpireAndItsKeysAloneRenewIt) {
    using std::chrono::days;
    ASSERT_TRUE(publisher(with_team()).delegate(to_team(), {team_->public_key()}, kNow));
    Signers const theirs{repository_.keys().snapshot.get(), repository_.keys().timestamp.get(), team_.get()};
    ASSERT_TRUE(publisher(theirs).publish(till_, kNow, "team"));
    ASSERT_TRUE(publisher(repository_.keys().all()).renew_targets(kNow + days(100)));
    EXPECT_TRUE(expiry_warnings(repository_.manifest(), kNow + days(300)).empty());
    EXPECT_EQ(expiry_warnings(repository_.manifest(), kNow + days(355)),
              std::vector<std::string>{
                  "the signatures of the delegated role team expire in 10 days; `lanyard-seeder delegation renew team` "
                  "renews them, and so does publishing a release in the role"});
    auto const late = expiry_warnings(repository_.manifest(), kNow + days(366));
    ASSERT_EQ(late.size(), 1u);
    EXPECT_NE(late[0].find("have expired: nodes find no release of it"), std::string::npos) << late[0];

    auto const renewed = publisher(theirs).renew_targets(kNow + days(366), "team");
    ASSERT_TRUE(renewed) << renewed.error().detail;
    EXPECT_FALSE(renewed->request);
    EXPECT_TRUE(expiry_warnings(repository_.manifest(), kNow + days(366)).empty());
    EXPECT_TRUE(verify_as_node(std::nullopt, repository_.manifest(), Depth::all, till_.path(), kNow + days(366)));
    EXPECT_EQ(publisher(theirs).renew_targets(kNow + days(366), "nobody").error().code, Errc::no_such_role);
}

TEST_F(DelegationTest, NobodyIsToldOfTheExpiryOfARoleThatWasTakenBack) {
    using std::chrono::days;
    ASSERT_TRUE(publisher(with_team()).delegate(to_team(), {team_->public_key()}, kNow));
    ASSERT_TRUE(publisher(with_team()).publish(till_, kNow, "team"));
    catalogue::Filter filter;
    ASSERT_TRUE(publisher(with_team()).withdraw(filter, kNow));
    ASSERT_TRUE(publisher(with_team()).remove_delegation("team", kNow));
    for (auto const& warning : expiry_warnings(repository_.manifest(), kNow + days(366))) {
        EXPECT_EQ(warning.find("team"), std::string::npos) << warning;
    }
}

TEST_F(DelegationTest, NamesAndKeysAreJudged) {
    auto const key = team_->public_key();
    auto const judged = [&](v1::Delegation const& delegation, std::vector<v1::Key> const& keys) {
        v1::Targets targets;
        auto const put = put_delegation(targets, delegation, keys);
        return put ? std::error_code() : put.error().code;
    };
    for (auto const* name : {"", "root", "targets", "snapshot", "timestamp", ".x", "a/b", "a b", "\xc3\xa9"}) {
        auto delegation = to_team();
        delegation.set_name(name);
        EXPECT_EQ(judged(delegation, {key}), Errc::bad_role) << name;
    }
    EXPECT_EQ(judged(to_team(), {}), Errc::unsound_keys);
    EXPECT_EQ(judged(to_team(), {key, key}), Errc::unsound_keys);
    auto high = to_team();
    high.set_threshold(2);
    EXPECT_EQ(judged(high, {key}), Errc::unsound_keys);
    auto pathless = to_team();
    pathless.clear_paths();
    EXPECT_EQ(judged(pathless, {key}), Errc::bad_role);
    EXPECT_EQ(judged(to_team(), {key}), std::error_code());
}

}  // namespace
}  // namespace lanyard::publish::delegation_test
