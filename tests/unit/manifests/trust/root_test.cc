#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

#include "tests/unit/manifests/trust/client.h"

namespace lanyard::trust::root_test {
namespace {

using Keys = RepositorySimulator::Keys;

TEST(TrustedRoot, IsARootSignedByItself) {
    RepositorySimulator const repo(kNow);
    auto const set = anchored(repo);
    ASSERT_TRUE(set) << set.error().detail;
    EXPECT_EQ(set->root().version(), 1u);
    EXPECT_EQ(set->timestamp(), nullptr);
    EXPECT_EQ(set->snapshot(), nullptr);
    EXPECT_EQ(set->targets(), nullptr);
}

TEST(TrustedRoot, IsNotSignedBySomebodyElse) {
    RepositorySimulator repo(kNow);
    auto const forged =
        RepositorySimulator::sign(RoleName::root, repo.payload(RoleName::root), RepositorySimulator::fresh_keys(1));
    expect_refused(TrustedSet::from_trusted_root(forged, kNow), Errc::arbitrary_software, "root");
}

TEST(TrustedRoot, IsNotUnsigned) {
    RepositorySimulator repo(kNow);
    v1::Envelope envelope;
    envelope.set_payload_type(payload_type(RoleName::root));
    envelope.set_payload(repo.payload(RoleName::root));
    expect_refused(TrustedSet::from_trusted_root(envelope.SerializeAsString(), kNow), Errc::arbitrary_software, "root");
}

v1::Key key_of(std::string const& bytes) {
    v1::Key key;
    key.set_alg(1);
    key.set_public_key(bytes);
    return key;
}

TEST(TrustedRoot, IsRefusedWhenItsKeysOrThresholdsMakeNoSense) {
    std::vector<std::function<void(v1::Root&)>> const changes = {
        [](v1::Root& root) { root.mutable_root()->set_threshold(0); },
        [](v1::Root& root) { root.mutable_timestamp()->set_threshold(0); },
        [](v1::Root& root) { root.clear_snapshot(); },
        [](v1::Root& root) { root.mutable_targets()->add_keyids(std::string(32, 'x')); },
        [](v1::Root& root) { root.mutable_targets()->set_keyids(0, "short"); },
        [](v1::Root& root) { *root.add_keys() = key_of(std::string(31, 'x')); },
        [](v1::Root& root) { *root.add_keys() = key_of(std::string(33, 'x')); },
        [](v1::Root& root) { *root.add_keys() = key_of(""); },
        [](v1::Root& root) { *root.add_keys() = key_of("\x01" + std::string(31, '\0')); },  // small order
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        SCOPED_TRACE(i);
        RepositorySimulator repo(kNow);
        changes[i](repo.root);
        repo.publish_root();
        expect_refused(TrustedSet::from_trusted_root(repo.newest(RoleName::root), kNow), Errc::malformed, "root");
        expect_refused(anchored(repo)->update_root(repo.newest(RoleName::root)), Errc::malformed, "root");
    }
}

// A root that is refused could never be followed by one that puts it right.
TEST(TrustedRoot, MayAskForMoreSignaturesThanARoleHasKeysWhichIsThenNeverBelieved) {
    std::vector<std::function<void(v1::Root&)>> const changes = {
        [](v1::Root& root) { root.mutable_timestamp()->set_threshold(2); },
        [](v1::Root& root) { root.mutable_timestamp()->set_threshold(4'294'967'295); },
        [](v1::Root& root) { root.mutable_timestamp()->clear_keyids(); },
    };
    for (auto const& change : changes) {
        RepositorySimulator repo(kNow);
        change(repo.root);
        repo.publish_root();
        auto set = at_root(repo);
        expect_refused(walk(set, repo, RoleName::timestamp), Errc::arbitrary_software, "timestamp");
    }
}

TEST(TrustedRoot, IsRefusedWhenItAsksForMoreSignaturesOfItsOwnThanItHasKeys) {
    RepositorySimulator repo(kNow);
    repo.root.mutable_root()->set_threshold(2);
    repo.publish_root();
    expect_refused(anchored(repo)->update_root(repo.newest(RoleName::root)), Errc::arbitrary_software, "root");
}

TEST(TrustedRoot, CountsAKeyOnceHoweverOftenItIsListed) {
    RepositorySimulator repo(kNow);
    auto const id = repo.root.timestamp().keyids(0);
    for (int i = 0; i < 8; ++i) {
        *repo.root.add_keys() = repo.keys(RoleName::timestamp)[0]->public_key();
        repo.root.mutable_timestamp()->add_keyids(id);
    }
    repo.root.mutable_timestamp()->set_threshold(2);
    repo.publish_root();
    auto set = at_root(repo);
    expect_refused(walk(set, repo, RoleName::timestamp), Errc::arbitrary_software, "1 of its keys");
}

TEST(TrustedRoot, CountsAKeyOnceWhenItIsListedUnderAnotherAlgorithmToo) {
    RepositorySimulator repo(kNow);
    auto again = repo.keys(RoleName::timestamp)[0]->public_key();
    again.set_alg(99);
    *repo.root.add_keys() = again;
    repo.root.mutable_timestamp()->add_keyids(key_id(again).to_raw());
    repo.publish_root();
    auto harmless = at_root(repo);
    EXPECT_TRUE(walk(harmless, repo, RoleName::timestamp));  // an unknown algorithm does no harm,
    repo.root.mutable_timestamp()->set_threshold(2);
    repo.publish_root();
    auto set = at_root(repo);
    expect_refused(walk(set, repo, RoleName::timestamp), Errc::arbitrary_software, "1 of its keys");  // nor good
}

TEST(TrustedRoot, IsRefusedWhenItListsAKeyUnderAnAlgorithmThatItIsNotOf) {
    for (unsigned const alg : {2u, 3u}) {
        RepositorySimulator repo(kNow);
        auto again = repo.keys(RoleName::targets)[0]->public_key();
        again.set_alg(alg);
        *repo.root.add_keys() = again;
        repo.publish_root();
        expect_refused(anchored(repo)->update_root(repo.newest(RoleName::root)), Errc::malformed, "root");
    }
}

TEST(TrustedRoot, IsRefusedWhenItsHeadIsOutOfRange) {
    struct Case {
        Errc why;
        std::function<void(v1::Root&)> make;
    };
    std::vector<Case> const cases = {
        {Errc::unsupported_spec, [](v1::Root& root) { root.set_spec(0); }},
        {Errc::unsupported_spec, [](v1::Root& root) { root.set_spec(2); }},
        {Errc::malformed, [](v1::Root& root) { root.clear_repo_id(); }},
        {Errc::malformed, [](v1::Root& root) { root.set_repo_id("short"); }},
        {Errc::malformed, [](v1::Root& root) { root.set_version(0); }},
        {Errc::malformed, [](v1::Root& root) { root.set_version(std::uint64_t{1} << 53); }},
        {Errc::malformed, [](v1::Root& root) { root.set_version(~std::uint64_t{0}); }},
        {Errc::malformed, [](v1::Root& root) { root.set_expires(0); }},
        {Errc::malformed, [](v1::Root& root) { root.set_expires(-1); }},
        {Errc::malformed, [](v1::Root& root) { root.set_expires(std::numeric_limits<std::int64_t>::max()); }},
    };
    for (std::size_t i = 0; i < cases.size(); ++i) {
        SCOPED_TRACE(i);
        RepositorySimulator repo(kNow);
        cases[i].make(repo.root);
        repo.seal(RoleName::root);
        expect_refused(TrustedSet::from_trusted_root(repo.newest(RoleName::root), kNow), cases[i].why, "root");
    }
}

TEST(RootChain, GoesOnByOneVersionAtATime) {
    RepositorySimulator repo(kNow);
    repo.publish_root();
    repo.publish_root();
    auto set = anchored(repo).value();
    auto const again = repo.file("1.root.pb").value();
    auto const second = repo.file("2.root.pb").value();
    auto const third = repo.file("3.root.pb").value();
    expect_refused(set.update_root(again), Errc::version_gap, "root");
    expect_refused(set.update_root(third), Errc::version_gap, "root");
    EXPECT_EQ(set.root().version(), 1u);
    EXPECT_TRUE(set.update_root(second));
    expect_refused(set.update_root(again), Errc::rollback, "root");
    EXPECT_TRUE(set.update_root(third));
    EXPECT_EQ(set.root().version(), 3u);
}

struct Rotation {
    char const* name;
    std::size_t old_keys, old_threshold, new_keys, new_threshold;
    std::size_t kept;                          // this many of the old keys are among the new ones
    std::size_t signed_by_old, signed_by_new;  // the last of the old, the last of the new
    bool accepted;
};

TEST(RootChain, NeedsTheOldAndTheNewThreshold) {
    for (auto const& c : std::vector<Rotation>{
             {"all rotated", 1, 1, 1, 1, 0, 1, 1, true},
             {"not signed by old", 1, 1, 1, 1, 0, 0, 1, false},
             {"not signed by new", 1, 1, 1, 1, 0, 1, 0, false},
             {"five rotated, three of each", 5, 3, 5, 3, 0, 3, 3, true},
             {"five rotated, too few old", 5, 3, 5, 3, 0, 2, 3, false},
             {"five rotated, too few new", 5, 3, 5, 3, 0, 3, 2, false},
             {"one of five rotated, three kept ones sign", 5, 3, 5, 3, 4, 3, 3, true},
             {"threshold up, met", 3, 1, 3, 2, 3, 1, 2, true},
             {"threshold up, only the old one met", 3, 1, 3, 2, 3, 1, 1, false},
             {"threshold down, the old one met", 3, 2, 3, 1, 3, 2, 1, true},
             {"threshold down, only the new one met", 3, 2, 3, 1, 3, 1, 1, false},
             {"one of two to two of two", 2, 1, 2, 2, 2, 1, 2, true},
         }) {
        SCOPED_TRACE(c.name);
        RepositorySimulator repo(kNow);
        auto const old_keys = RepositorySimulator::fresh_keys(c.old_keys);
        repo.set_keys(RoleName::root, old_keys, static_cast<std::uint32_t>(c.old_threshold));
        repo.seal(RoleName::root);  // root 1, instead of the simulator's own
        Keys new_keys(old_keys.end() - static_cast<std::ptrdiff_t>(c.kept), old_keys.end());
        auto fresh = RepositorySimulator::fresh_keys(c.new_keys - c.kept);
        new_keys.insert(new_keys.begin(), fresh.begin(), fresh.end());
        repo.set_keys(RoleName::root, new_keys, static_cast<std::uint32_t>(c.new_threshold));
        repo.root.set_version(2);
        Keys signers(old_keys.end() - static_cast<std::ptrdiff_t>(c.signed_by_old), old_keys.end());
        for (auto key = new_keys.end() - static_cast<std::ptrdiff_t>(c.signed_by_new); key != new_keys.end(); ++key) {
            if (std::find(signers.begin(), signers.end(), *key) == signers.end()) signers.push_back(*key);
        }
        auto set = anchored(repo).value();
        auto const step =
            set.update_root(RepositorySimulator::sign(RoleName::root, repo.payload(RoleName::root), signers));
        EXPECT_EQ(step.has_value(), c.accepted) << (step ? "" : step.error().detail);
        EXPECT_EQ(set.root().version(), c.accepted ? 2u : 1u);
        if (!step) {
            EXPECT_EQ(step.error().code, Errc::arbitrary_software);
        }
    }
}

TEST(RootChain, StaysAnchoredWhereTheLastGoodRootWas) {
    RepositorySimulator repo(kNow);
    auto const attacker = RepositorySimulator::fresh_keys(1);
    repo.set_keys(RoleName::root, attacker, 1);
    repo.root.set_version(2);
    auto const second = RepositorySimulator::sign(RoleName::root, repo.payload(RoleName::root), attacker);
    repo.root.set_version(3);
    auto const third = RepositorySimulator::sign(RoleName::root, repo.payload(RoleName::root), attacker);
    auto set = anchored(repo).value();
    expect_refused(set.update_root(second), Errc::arbitrary_software, "root");
    expect_refused(set.update_root(third), Errc::arbitrary_software, "root");
    EXPECT_EQ(set.root().version(), 1u);
}

TEST(RootChain, WalksPastAnExpiredRootButDoesNotEndAtOne) {
    RepositorySimulator repo(kNow);
    repo.root.set_expires(unix_seconds(kNow));  // good before, not at, that second
    repo.publish_root();
    auto stuck = anchored(repo).value();
    EXPECT_TRUE(stuck.update_root(repo.newest(RoleName::root)));
    expect_refused(stuck.finish_root(), Errc::freeze, "root");
    EXPECT_EQ(stuck.root().version(), 2u);
    expect_refused(stuck.update_timestamp(repo.newest(RoleName::timestamp)), Errc::out_of_order, "update_timestamp");

    repo.root.set_expires(unix_seconds(kNow) + 1);
    repo.publish_root();
    EXPECT_TRUE(stuck.update_root(repo.newest(RoleName::root)));
    EXPECT_TRUE(stuck.finish_root());
}

TEST(RootChain, StartsFromAnExpiredTrustedRoot) {
    RepositorySimulator repo(kNow);
    repo.root.set_expires(unix_seconds(kNow + days(800)));
    repo.publish_root();
    auto set = anchored(repo, kNow + days(700));
    ASSERT_TRUE(set);
    EXPECT_TRUE(set->update_root(repo.newest(RoleName::root)));
    EXPECT_TRUE(set->finish_root());
}

TEST(RootChain, NeverChangesTheRepository) {
    RepositorySimulator repo(kNow);
    repo.root.set_repo_id("sixteen bytes...");
    repo.publish_root();
    expect_refused(anchored(repo)->update_root(repo.newest(RoleName::root)), Errc::wrong_repository, "root");
}

TEST(RootChain, IsFollowedForSoManyRootsOnly) {
    RepositorySimulator repo(kNow);
    auto set = anchored(repo).value();
    for (std::size_t i = 0; i < kMaxRootRotations; ++i) {
        repo.publish_root();
        ASSERT_TRUE(set.update_root(repo.newest(RoleName::root)));
    }
    repo.publish_root();
    expect_refused(set.update_root(repo.newest(RoleName::root)), Errc::endless_data, "root");
    EXPECT_TRUE(set.finish_root());
}

TEST(RootChain, TellsWhenTimestampOrSnapshotKeysWereRotated) {
    for (auto const role : {RoleName::root, RoleName::timestamp, RoleName::snapshot, RoleName::targets}) {
        RepositorySimulator repo(kNow);
        auto const before = repo.keys(role);
        repo.rotate_keys(role);
        repo.publish_root();
        bool const matters = role == RoleName::timestamp || role == RoleName::snapshot;
        EXPECT_EQ(at_root(repo).keys_were_rotated(), matters) << text(role);
        repo.set_keys(role, before, 1);
        repo.publish_root();
        EXPECT_EQ(at_root(repo).keys_were_rotated(), matters) << text(role) << ", there and back";
    }
}

TEST(RootChain, EndsWithTheRootStep) {
    RepositorySimulator repo(kNow);
    auto set = at_root(repo);
    repo.publish_root();
    expect_refused(set.update_root(repo.newest(RoleName::root)), Errc::out_of_order, "update_root");
    expect_refused(set.finish_root(), Errc::out_of_order, "finish_root");
}

}  // namespace
}  // namespace lanyard::trust::root_test
