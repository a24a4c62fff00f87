#include "manifests/trust/errc.h"
#include "tests/conformance/conformance.h"

namespace lanyard {
namespace {

using std::chrono::days;
using trust::Errc;

std::int64_t at(trust::TimePoint time) { return time.time_since_epoch().count(); }

TEST_F(conformance, test_root_expired) {
    init_client();
    ASSERT_TRUE(refresh());
    publish({"root"});
    ASSERT_TRUE(refresh());
    repo.root.set_expires(at(kNow - days(1)));
    publish({"root", "targets", "snapshot", "timestamp"});
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, Errc::freeze);
    // 5.3.10: it is persisted first, and then looked at.
    EXPECT_EQ(trusted_roles(), (Roles{{"root", 3}, {"snapshot", 1}, {"targets", 1}, {"timestamp", 1}}));
}

TEST_F(conformance, test_timestamp_expired) {
    init_client();
    ASSERT_TRUE(refresh());
    repo.timestamp.set_expires(at(kNow - days(5)));
    publish({"timestamp"});
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, Errc::freeze);
    EXPECT_EQ(trusted_roles(), (Roles{{"root", 1}, {"snapshot", 1}, {"targets", 1}, {"timestamp", 1}}));
}

TEST_F(conformance, test_snapshot_expired) {
    init_client();
    ASSERT_TRUE(refresh());
    repo.snapshot.set_expires(at(kNow - days(5)));
    publish({"snapshot", "timestamp"});
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, Errc::freeze);
    EXPECT_EQ(trusted_roles(), (Roles{{"root", 1}, {"snapshot", 1}, {"targets", 1}, {"timestamp", 2}}));
}

TEST_F(conformance, test_targets_expired) {
    init_client();
    ASSERT_TRUE(refresh());
    repo.targets.set_expires(at(kNow - days(5)));
    publish({"targets", "snapshot", "timestamp"});
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, Errc::freeze);
    EXPECT_EQ(trusted_roles(), (Roles{{"root", 1}, {"snapshot", 2}, {"targets", 1}, {"timestamp", 2}}));
}

TEST_F(conformance, test_expired_local_root) {
    init_client();
    repo.root.set_expires(at(kNow + days(7)));
    publish({"root"});
    ASSERT_TRUE(refresh());
    repo.root.set_expires(at(kNow + days(21)));
    publish({"root"});
    EXPECT_TRUE(refresh(days(18)));
    EXPECT_EQ(version("root"), 3u);
}

TEST_F(conformance, test_expired_local_timestamp) {
    init_client();
    repo.timestamp.set_expires(at(kNow + days(7)));
    publish({"timestamp"});
    ASSERT_TRUE(refresh());
    repo.timestamp.set_expires(at(kNow + days(21)));
    publish({"targets", "snapshot", "timestamp"});
    EXPECT_TRUE(refresh(days(18)));
    EXPECT_EQ(trusted_roles(), (Roles{{"root", 1}, {"snapshot", 2}, {"targets", 2}, {"timestamp", 3}}));
}

}  // namespace
}  // namespace lanyard
