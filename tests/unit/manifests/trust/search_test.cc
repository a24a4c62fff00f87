#include "manifests/trust/search.h"

#include <functional>
#include <set>
#include <vector>

#include "manifests/trust/opening.h"
#include "tests/unit/manifests/trust/client.h"

namespace lanyard::trust::search_test {
namespace {

using Names = std::vector<std::string>;

class SearchTest : public testing::Test {
protected:
    // What a client knows that has taken everything up to the top-level targets.
    TrustedSet refreshed(TimePoint now = kNow) const {
        auto set = at_root(repo_, now);
        auto const walked = walk(set, repo_, RoleName::targets);
        EXPECT_TRUE(walked) << walked.error().detail;
        return set;
    }

    // Publishes these roles and what is above them.
    void publish(Names const& roles) {
        for (auto const& role : roles) repo_.publish_role(role);
        repo_.publish();
    }

    // Goes on with what is served until the search ends, and keeps the names of the roles it wanted.
    Result<release::Target> search(std::string const& path, TimePoint now = kNow) {
        auto const set = refreshed(now);
        Search search(set, path);
        wanted_.clear();
        while (auto const* meta = search.wanted()) {
            wanted_.push_back(meta->name());
            auto const step = search.take(repo_.file(repo_.role_file(meta->name())).value());
            if (!step) return pass_on(step);
        }
        return search.result();
    }

    // A role "team" to which all of `target_` is delegated.
    v1::Delegation& delegate_to_team() {
        *repo_.role("team").add_targets() = target_;
        return repo_.delegate("targets", "team", {"prometheus/*/*/*/*"});
    }

    RepositorySimulator repo_{kNow};
    v1::Target target_ = support::make_target({});
    Names wanted_;
};

TEST_F(SearchTest, WantsNothingWhenTheTopLevelTargetsNameTheTarget) {
    delegate_to_team();
    *repo_.targets.add_targets() = target_;
    publish({"team"});
    EXPECT_TRUE(search(target_.path()));
    EXPECT_EQ(wanted_, Names());
}

TEST_F(SearchTest, FindsTheTargetOfADelegatedRole) {
    delegate_to_team();
    publish({"team"});
    auto const found = search(target_.path());
    ASSERT_TRUE(found) << found.error().detail;
    EXPECT_EQ(found->app.text(), "prometheus");
    EXPECT_EQ(wanted_, Names{"team"});
}

TEST_F(SearchTest, NeverFindsATargetWhoseDelegationDoesNotCoverIt) {
    auto const foreign = support::make_target({.app = "payroll"});
    delegate_to_team();
    *repo_.role("team").add_targets() = foreign;
    publish({"team"});
    EXPECT_EQ(search(foreign.path()).error().code, Errc::no_such_target);
    EXPECT_EQ(wanted_, Names());
}

TEST_F(SearchTest, RefusesATargetThatIsNotOfTheApplicationItsPathNames) {
    delegate_to_team();
    repo_.role("team").mutable_targets(0)->set_app("payroll");
    publish({"team"});
    expect_refused(search(target_.path()), Errc::malformed, "'team'");
}

TEST_F(SearchTest, TakesTheFirstRoleThatNamesTheTarget) {
    auto second = target_;
    second.set_length(second.length() + 1);
    *repo_.role("A").add_targets() = target_;
    *repo_.role("B").add_targets() = second;
    repo_.delegate("targets", "B", {"prometheus/*/*/*/*"});
    repo_.delegate("targets", "A", {"prometheus/*/*/*/*"});
    publish({"A", "B"});
    EXPECT_EQ(search(target_.path())->length, second.length());
    EXPECT_EQ(wanted_, Names{"B"});
}

TEST_F(SearchTest, NeedsTheThresholdOfTheDelegation) {
    auto& delegation = delegate_to_team();
    repo_.delegate("targets", "spare");  // gives the delegator a second and a third key
    repo_.delegate("targets", "spare2");
    for (int i = 1; i < 3; ++i) delegation.add_keyids(key_id(repo_.targets.keys(i)).to_raw());
    delegation.set_threshold(2);
    auto const first = repo_.role_keys("team");
    publish({"team", "spare", "spare2"});
    expect_refused(search(target_.path()), Errc::arbitrary_software, "'team'");
    repo_.role_keys("team").push_back(repo_.role_keys("spare2").front());
    publish({"team"});
    EXPECT_TRUE(search(target_.path()));
}

TEST_F(SearchTest, CountsAKeyUnderNineIdsOnce) {
    auto& delegation = delegate_to_team();
    auto const id = delegation.keyids(0);
    for (int i = 0; i < 8; ++i) {
        *repo_.targets.add_keys() = repo_.role_keys("team").front()->public_key();
        delegation.add_keyids(id);
    }
    delegation.set_threshold(2);
    publish({"team"});
    expect_refused(search(target_.path()), Errc::arbitrary_software, "1 of its keys");
}

TEST_F(SearchTest, BelievesNothingOfARoleWithAThresholdAboveItsKeys) {
    delegate_to_team().set_threshold(4'294'967'295);
    publish({"team"});
    expect_refused(search(target_.path()), Errc::arbitrary_software, "'team'");
}

TEST_F(SearchTest, RefusesTheKeysOfTheTopLevelTargets) {
    delegate_to_team();
    repo_.role_keys("team") = repo_.keys(RoleName::targets);
    publish({"team"});
    expect_refused(search(target_.path()), Errc::arbitrary_software, "'team'");
}

TEST_F(SearchTest, RefusesARoleThatHasExpired) {
    delegate_to_team();
    repo_.role("team").set_expires(unix_seconds(kNow));
    publish({"team"});
    expect_refused(search(target_.path()), Errc::freeze, "'team'");
}

TEST_F(SearchTest, RefusesARoleOfAnotherRepository) {
    delegate_to_team();
    repo_.role("team").set_repo_id("sixteen bytes...");
    publish({"team"});
    expect_refused(search(target_.path()), Errc::wrong_repository, "'team'");
}

TEST_F(SearchTest, RefusesAFileThatTheSnapshotDoesNotName) {
    delegate_to_team();
    publish({"team"});
    auto const old = repo_.file("1.team.pb").value();
    publish({"team"});
    auto const set = refreshed();
    Search search(set, target_.path());
    EXPECT_FALSE(search.take(old));
    expect_refused(search.take(old.substr(1)), Errc::mix_and_match, "'team'");
    expect_refused(search.take(repo_.file("2.team.pb").value() + "x"), Errc::endless_data, "'team'");
    expect_refused(search.take(""), Errc::mix_and_match, "'team'");
    // None of it has left a trace.
    EXPECT_TRUE(search.take(repo_.file("2.team.pb").value()));
    EXPECT_TRUE(search.result());
}

TEST_F(SearchTest, RefusesARoleWhoseVersionIsNotTheOneInTheSnapshot) {
    delegate_to_team();
    repo_.publish_role("team");
    auto const bytes = repo_.file("1.team.pb").value();
    repo_.role("team").set_version(5);
    repo_.put_file("5.team.pb", bytes);
    repo_.publish();
    expect_refused(search(target_.path()), Errc::mix_and_match, "'team'");
}

TEST_F(SearchTest, RefusesAFileOfAnotherRoleUnderItsName) {
    delegate_to_team();
    repo_.publish_role("team");
    repo_.put_file("1.team.pb", repo_.newest(RoleName::targets));
    repo_.publish();
    expect_refused(search(target_.path()), Errc::arbitrary_software, "'team'");
    repo_.put_file("1.team.pb", repo_.newest(RoleName::root));
    repo_.publish();
    expect_refused(search(target_.path()), Errc::wrong_role, "'team'");
}

TEST_F(SearchTest, VerifiesARoleWithTheKeysOfTheOneItWasReachedBy) {
    auto const by_b = support::make_target({.app = "grafana"});
    *repo_.role("C").add_targets() = target_;
    *repo_.role("C").add_targets() = by_b;
    repo_.delegate("targets", "A", {"prometheus/*/*/*/*"});
    repo_.delegate("targets", "B", {"grafana/*/*/*/*"});
    repo_.delegate("A", "C", {"*/*/*/*/*"});
    auto const signed_for_a = repo_.role_keys("C");
    repo_.delegate("B", "C", {"*/*/*/*/*"});
    repo_.role_keys("C") = signed_for_a;
    publish({"A", "B", "C"});
    EXPECT_TRUE(search(target_.path()));
    expect_refused(search(by_b.path()), Errc::arbitrary_software, "'C'");
}

TEST_F(SearchTest, StopsAtATerminatingDelegationToARoleItHasSeen) {
    repo_.delegate("targets", "A");
    repo_.delegate("A", "B");
    repo_.delegate("B", "A").set_terminating(true);  // seen already: ends the search all the same
    repo_.delegate("B", "C");
    repo_.delegate("targets", "D");
    publish({"A", "B", "C", "D"});
    EXPECT_EQ(search("x").error().code, Errc::no_such_target);
    EXPECT_EQ(wanted_, (Names{"A", "B"}));
}

TEST_F(SearchTest, VisitsEachRoleOfACycleOnce) {
    repo_.delegate("targets", "A");
    repo_.delegate("A", "B");
    repo_.delegate("B", "A");
    repo_.delegate("B", "B");
    publish({"A", "B"});
    EXPECT_EQ(search("x").error().code, Errc::no_such_target);
    EXPECT_EQ(wanted_, (Names{"A", "B"}));
}

TEST_F(SearchTest, LooksPastADelegationToItselfWhateverKeysItNames) {
    repo_.delegate("targets", "team", {"prometheus/*/*/*/*"});
    repo_.delegate("team", "team", {"prometheus/*/*/*/*"}).add_keyids(std::string(32, 'x'));
    publish({"team"});
    EXPECT_EQ(search(target_.path()).error().code, Errc::no_such_target);
    EXPECT_EQ(wanted_, Names{"team"});
}

TEST_F(SearchTest, VisitsThirtyTwoRolesOfAHundredDeep) {
    Names roles;
    for (int i = 0; i < 100; ++i) {
        repo_.delegate(i == 0 ? "targets" : roles.back(), "role" + std::to_string(i), {"*/*/*/*/*"});
        roles.push_back("role" + std::to_string(i));
    }
    *repo_.role(roles[31]).add_targets() = target_;
    auto const too_deep = support::make_target({.app = "grafana"});
    *repo_.role(roles[32]).add_targets() = too_deep;
    publish(roles);
    EXPECT_TRUE(search(target_.path()));
    EXPECT_EQ(wanted_.size(), 32u);
    EXPECT_EQ(search(too_deep.path()).error().code, Errc::no_such_target);
    EXPECT_EQ(wanted_.size(), kMaxSearchedRoles);
}

TEST_F(SearchTest, VisitsThirtyTwoRolesOfTenThousandBesideEachOther) {
    // All of them with one key: making ten thousand takes longer than the search.
    repo_.delegate("targets", "role0", {"*/*/*/*/*"});
    auto const first = repo_.targets.delegations(0);
    Names roles{"role0"};
    for (int i = 1; i < kMaxDelegations; ++i) {
        roles.push_back("role" + std::to_string(i));
        (*repo_.targets.add_delegations() = first).set_name(roles.back());
        if (i >= 40) continue;
        repo_.role(roles.back());
        repo_.role_keys(roles.back()) = repo_.role_keys("role0");
    }
    *repo_.role(roles[32]).add_targets() = target_;
    publish({roles.begin(), roles.begin() + 40});
    EXPECT_EQ(search(target_.path()).error().code, Errc::no_such_target);
    EXPECT_EQ(wanted_, Names(roles.begin(), roles.begin() + 32));
}

TEST_F(SearchTest, EndsAtARoleThatTheSnapshotDoesNotName) {
    delegate_to_team();
    repo_.publish();
    expect_refused(search(target_.path()), Errc::no_such_target, "'team'");
    EXPECT_EQ(wanted_, Names());
}

TEST_F(SearchTest, TakesNoStepBeforeOrAfterItsTime) {
    delegate_to_team();
    publish({"team"});
    auto const set = refreshed();
    Search search(set, target_.path());
    expect_refused(search.result(), Errc::out_of_order, "result");
    ASSERT_TRUE(search.take(repo_.file("1.team.pb").value()));
    expect_refused(search.take(repo_.file("1.team.pb").value()), Errc::out_of_order, "take");
    EXPECT_TRUE(search.result());
    Search early(at_root(repo_), target_.path());
    EXPECT_EQ(early.wanted(), nullptr);
    expect_refused(early.result(), Errc::out_of_order, "find");
}

TEST_F(SearchTest, RefusesDelegationsThatMakeNoSense) {
    std::vector<std::function<void(v1::Targets&)>> const changes = {
        [](v1::Targets& t) { t.mutable_delegations(0)->set_name("root"); },
        [](v1::Targets& t) { t.mutable_delegations(0)->set_name("timestamp"); },
        [](v1::Targets& t) { t.mutable_delegations(0)->set_name("snapshot"); },
        [](v1::Targets& t) { t.mutable_delegations(0)->set_name("targets"); },
        [](v1::Targets& t) { t.mutable_delegations(0)->set_name(""); },
        [](v1::Targets& t) { t.mutable_delegations(0)->set_name(std::string(65, 'x')); },
        [](v1::Targets& t) { t.mutable_delegations(0)->set_name(std::string("a\0b", 3)); },
        [](v1::Targets& t) { t.mutable_delegations(0)->set_name("a\nb"); },
        [](v1::Targets& t) {
            t.mutable_delegations(0)->set_name(
                "a\xe2\x80\xae"
                "b");
        },  // right to left
        [](v1::Targets& t) {
            t.mutable_delegations(0)->set_name(
                "a\xc2\x85"
                "b");
        },
        [](v1::Targets& t) { t.mutable_delegations(0)->set_threshold(0); },
        [](v1::Targets& t) { t.mutable_delegations(0)->add_paths(""); },
        [](v1::Targets& t) { t.mutable_delegations(0)->add_paths(std::string(513, '*')); },
        [](v1::Targets& t) {
            for (int i = 0; i < 1000; ++i) t.mutable_delegations(0)->add_paths("x");
        },
        [](v1::Targets& t) { *t.add_delegations() = t.delegations(0); },
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        SCOPED_TRACE(i);
        RepositorySimulator repo(kNow);
        repo.delegate("targets", "team");
        changes[i](repo.targets);
        repo.publish_role("team");
        repo.publish();
        auto set = at_root(repo);
        expect_refused(walk(set, repo, RoleName::targets), Errc::malformed, "targets");
    }
}

TEST_F(SearchTest, RefusesKeysOfADelegationThatMakeNoSense) {
    std::vector<std::function<void(v1::Targets&)>> const changes = {
        [](v1::Targets& t) { t.mutable_delegations(0)->add_keyids(std::string(32, 'x')); },
        [](v1::Targets& t) { t.clear_keys(); }, [](v1::Targets& t) { t.mutable_keys(0)->set_public_key("short"); },
        [](v1::Targets& t) { t.mutable_keys(0)->set_public_key("\x01" + std::string(31, '\0')); },  // small order
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        SCOPED_TRACE(i);
        RepositorySimulator repo(kNow);
        repo.delegate("targets", "team");
        changes[i](repo.targets);
        repo.publish_role("team");
        repo.publish();
        auto set = at_root(repo);
        ASSERT_TRUE(walk(set, repo, RoleName::targets));
        expect_refused(Search(set, "x").result(), Errc::malformed, "'targets'");
    }
}

TEST_F(SearchTest, RefusesMoreDelegationsThanThereMayBe) {
    for (int i = 0; i <= kMaxDelegations; ++i) {
        auto& delegation = *repo_.targets.add_delegations();
        delegation.set_name("role" + std::to_string(i));
        delegation.set_threshold(1);
    }
    repo_.publish();
    auto set = at_root(repo_);
    expect_refused(walk(set, repo_, RoleName::targets), Errc::endless_data, "targets");
}

TEST_F(SearchTest, AcceptsNamesThatAreNoFileNames) {
    for (auto const* name : {"../../etc/passwd", "/", "..", "%2e%2e", "C:\\x", "аdmin", "team one", "?", "con"}) {
        RepositorySimulator repo(kNow);
        repo.delegate("targets", name, {"prometheus/*/*/*/*"});
        *repo.role(name).add_targets() = target_;
        repo.publish_role(name);
        repo.publish();
        auto set = at_root(repo);
        ASSERT_TRUE(walk(set, repo, RoleName::targets)) << name;
        Search search(set, target_.path());
        ASSERT_NE(search.wanted(), nullptr) << name;
        EXPECT_EQ(search.wanted()->name(), name);
        EXPECT_TRUE(search.take(repo.file(repo.role_file(name)).value()));
        EXPECT_TRUE(search.result()) << name;
    }
}

TEST_F(SearchTest, ADelegatedRoleMayNotGoBackOrVanishFromTheSnapshot) {
    delegate_to_team();
    publish({"team"});
    publish({"team"});
    auto const kept = repo_.newest(RoleName::snapshot);
    for (auto const vanish : {false, true}) {
        auto repo = repo_;
        repo.role("team").set_version(vanish ? 0 : 1);  // a role of version 0 is not in the snapshot
        repo.publish();
        auto set = at_root(repo);
        ASSERT_TRUE(set.load_trusted_snapshot(kept));
        ASSERT_TRUE(walk(set, repo, RoleName::timestamp));
        expect_refused(set.update_snapshot(repo.newest(RoleName::snapshot)), Errc::rollback, "'team'");
    }
}

}  // namespace
}  // namespace lanyard::trust::search_test
