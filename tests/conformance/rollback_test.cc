#include "manifests/trust/errc.h"
#include "tests/conformance/conformance.h"

namespace lanyard {
namespace {

using trust::Errc;
using trust::RoleName;

TEST_F(conformance, test_new_timestamp_version_rollback) {
    init_client();
    publish({"timestamp"});
    ASSERT_TRUE(refresh());
    repo.timestamp.set_version(1);
    repo.seal(RoleName::timestamp);
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, Errc::rollback);
    EXPECT_EQ(version("timestamp"), 2u);
    EXPECT_EQ(last_request(), "timestamp.pb");
}

// Length and SHA-256 always stand in our metadata: "basic" goes back to a file that was served once, "with hashes" to
// one that was made for the attack.
void snapshot_rollback(conformance& t, bool made_anew) {
    t.init_client();
    t.publish({"snapshot", "timestamp"});
    ASSERT_TRUE(t.refresh());
    t.repo.snapshot.set_version(1);
    if (made_anew) {
        t.repo.snapshot.set_expires(t.repo.snapshot.expires() - 1);
        t.repo.seal(RoleName::snapshot);
    }
    *t.repo.timestamp.mutable_snapshot() = t.repo.reference(RoleName::snapshot, 1, t.repo.newest(RoleName::snapshot));
    t.publish({"timestamp"});
    EXPECT_FALSE(t.refresh());
    EXPECT_EQ(t.refused.code, Errc::rollback);
    EXPECT_EQ(t.version("timestamp"), 2u);
    EXPECT_EQ(t.version("snapshot"), 2u);
    EXPECT_EQ(t.last_request(), "timestamp.pb");
}

TEST_F(conformance, test_snapshot_rollback_basic_) { snapshot_rollback(*this, false); }
TEST_F(conformance, test_snapshot_rollback_with_hashes_) { snapshot_rollback(*this, true); }

TEST_F(conformance, test_targets_role_removal) {
    init_client();
    repo.delegate("targets", "delegatedrole");
    publish({"delegatedrole", "targets", "snapshot", "timestamp"});
    ASSERT_TRUE(refresh());
    repo.snapshot.mutable_metas()->RemoveLast();
    publish({"snapshot", "timestamp"});
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, Errc::rollback);
    EXPECT_NE(refused.detail.find("delegatedrole"), std::string::npos) << refused.detail;
    EXPECT_EQ(version("timestamp"), 3u);
    EXPECT_EQ(version("snapshot"), 2u);
}

TEST_F(conformance, test_targets_fast_forward_recovery) {
    init_client();
    repo.targets.set_version(99);
    publish({"targets", "snapshot", "timestamp"});
    ASSERT_TRUE(refresh());
    ASSERT_EQ(version("targets"), 100u);
    repo.rotate_keys(RoleName::snapshot);
    repo.targets.set_version(0);
    publish({"root", "targets", "snapshot", "timestamp"});
    EXPECT_TRUE(refresh());
    EXPECT_EQ(version("targets"), 1u);
}

TEST_F(conformance, test_new_snapshot_fast_forward_recovery) {
    init_client();
    repo.snapshot.set_version(99'998);
    publish({"snapshot", "timestamp"});
    ASSERT_TRUE(refresh());
    ASSERT_EQ(version("snapshot"), 99'999u);
    repo.rotate_keys(RoleName::snapshot);
    repo.rotate_keys(RoleName::timestamp);
    repo.snapshot.set_version(0);
    publish({"root", "snapshot", "timestamp"});
    EXPECT_TRUE(refresh());
    EXPECT_EQ(version("snapshot"), 1u);
}

TEST_F(conformance, test_new_timestamp_fast_forward_recovery) {
    init_client();
    repo.timestamp.set_version(99'998);
    publish({"timestamp"});
    ASSERT_TRUE(refresh());
    ASSERT_EQ(version("timestamp"), 99'999u);
    repo.rotate_keys(RoleName::timestamp);
    repo.timestamp.set_version(0);
    publish({"root", "timestamp"});
    EXPECT_TRUE(refresh());
    EXPECT_EQ(version("timestamp"), 1u);
}

void targets_rollback(conformance& t, bool made_anew) {
    t.init_client();
    t.publish({"targets", "targets", "snapshot", "timestamp"});
    ASSERT_TRUE(t.refresh());
    ASSERT_EQ(t.version("targets"), 3u);
    t.repo.targets.set_version(2);
    if (made_anew) {
        t.repo.targets.set_expires(t.repo.targets.expires() - 1);
        t.repo.seal(RoleName::targets);
    }
    t.add_to_snapshot(t.repo.reference(RoleName::targets, 2, t.repo.newest(RoleName::targets)));
    t.publish({"snapshot", "timestamp"});
    EXPECT_FALSE(t.refresh());
    EXPECT_EQ(t.refused.code, Errc::rollback);
    EXPECT_EQ(t.version("timestamp"), 3u);
    EXPECT_EQ(t.version("snapshot"), 2u);
    EXPECT_EQ(t.version("targets"), 3u);
}

TEST_F(conformance, test_targets_rollback_basic_) { targets_rollback(*this, false); }
TEST_F(conformance, test_targets_rollback_with_hashes_) { targets_rollback(*this, true); }

}  // namespace
}  // namespace lanyard
