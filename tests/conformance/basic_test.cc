#include "manifests/trust/errc.h"
#include "tests/conformance/conformance.h"

namespace lanyard {
namespace {

using trust::Errc;
using trust::RoleName;

constexpr int kIgnorableField = 1000;  // fields below it are critical (metadata.proto)

template <class Message>
void add_custom_field(Message& message) {
    message.GetReflection()->MutableUnknownFields(&message)->AddLengthDelimited(kIgnorableField, "value");
}

TEST_F(conformance, test_basic_refresh_requests) {
    init_client();
    EXPECT_TRUE(refresh());
    EXPECT_EQ(requests(), (Requests{"2.root.pb", "timestamp.pb", "1.snapshot.pb", "1.targets.pb"}));
}

TEST_F(conformance, test_basic_refresh_trusted_data) {
    init_client();
    EXPECT_TRUE(refresh());
    expect_stored_as_served();
}

TEST_F(conformance, test_implicit_refresh) {
    init_client();
    EXPECT_FALSE(find("nonexistent artifact"));
    EXPECT_EQ(refused.code, Errc::no_such_target);
    EXPECT_EQ(requests(), (Requests{"2.root.pb", "timestamp.pb", "1.snapshot.pb", "1.targets.pb"}));
    expect_stored_as_served();
}

TEST_F(conformance, test_invalid_initial_root) {
    repo.root.clear_version();
    client.anchor(repo.sign(RoleName::root, repo.payload(RoleName::root), repo.keys(RoleName::root)));
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, Errc::malformed);
    EXPECT_EQ(requests(), Requests());
}

TEST_F(conformance, test_unsigned_initial_root) {
    change_envelope("1.root.pb",
                    [](v1::Envelope& e) { e.mutable_signatures(0)->set_sig(std::string(63, '\x30') + '\x05'); });
    init_client();
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, Errc::arbitrary_software);
    EXPECT_EQ(requests(), Requests());
}

void unsigned_metadata(conformance& t, std::string const& role, conformance::Roles const& trusted) {
    t.publish({"root", "targets", "snapshot", "timestamp"});
    auto const name = role_named(role);
    auto const bytes = t.repo.sign(name, t.repo.payload(name), t.repo.fresh_keys(1));
    t.repo.put_file(t.repo.name_of(name), bytes);
    // The roles above name the file that is served, or it would be refused for that already.
    if (name == RoleName::targets) {
        t.add_to_snapshot(t.repo.reference(name, 2, bytes));
        t.repo.seal(RoleName::snapshot);
    }
    if (name == RoleName::targets || name == RoleName::snapshot) t.point_timestamp_at_snapshot();
    t.init_client();
    EXPECT_FALSE(t.refresh());
    EXPECT_EQ(t.refused.code, Errc::arbitrary_software);
    EXPECT_NE(t.refused.detail.find(role), std::string::npos) << t.refused.detail;
    EXPECT_EQ(t.trusted_roles(), trusted);
}

TEST_F(conformance, test_unsigned_metadata_root_) { unsigned_metadata(*this, "root", {{"root", 1}}); }
TEST_F(conformance, test_unsigned_metadata_timestamp_) { unsigned_metadata(*this, "timestamp", {{"root", 2}}); }
TEST_F(conformance, test_unsigned_metadata_snapshot_) {
    unsigned_metadata(*this, "snapshot", {{"root", 2}, {"timestamp", 2}});
}
TEST_F(conformance, test_unsigned_metadata_targets_) {
    unsigned_metadata(*this, "targets", {{"root", 2}, {"snapshot", 2}, {"timestamp", 2}});
}

void url_and_metadata_version_mismatch(conformance& t, std::string const& role, conformance::Roles const& trusted) {
    t.publish_misnamed(role);
    t.init_client();
    EXPECT_FALSE(t.refresh());
    EXPECT_EQ(t.refused.code, role == "root" ? Errc::version_gap : Errc::mix_and_match);
    EXPECT_NE(t.refused.detail.find(role), std::string::npos) << t.refused.detail;
    EXPECT_EQ(t.trusted_roles(), trusted);
}

TEST_F(conformance, test_url_and_metadata_version_mismatch_root_) {
    url_and_metadata_version_mismatch(*this, "root", {{"root", 1}});
}
TEST_F(conformance, test_url_and_metadata_version_mismatch_snapshot_) {
    url_and_metadata_version_mismatch(*this, "snapshot", {{"root", 2}, {"timestamp", 2}});
}
TEST_F(conformance, test_url_and_metadata_version_mismatch_targets_) {
    url_and_metadata_version_mismatch(*this, "targets", {{"root", 2}, {"snapshot", 2}, {"timestamp", 2}});
}

TEST_F(conformance, test_timestamp_content_changes) {
    init_client();
    ASSERT_TRUE(refresh());
    auto const kept = client.stored(RoleName::timestamp);
    repo.timestamp.mutable_snapshot()->set_version(100);
    repo.seal(RoleName::timestamp);
    EXPECT_TRUE(refresh());
    EXPECT_EQ(last_request(), "timestamp.pb");
    EXPECT_EQ(client.stored(RoleName::timestamp), kept);
}

TEST_F(conformance, test_basic_metadata_hash_support) {
    publish({"targets", "snapshot", "timestamp"});
    init_client();
    EXPECT_TRUE(refresh());
    EXPECT_EQ(trusted_roles(), (Roles{{"root", 1}, {"snapshot", 2}, {"targets", 2}, {"timestamp", 2}}));
}

TEST_F(conformance, test_targets_hash_mismatch) {
    init_client();
    ASSERT_TRUE(refresh());
    publish({"targets"});
    repo.snapshot.mutable_metas(0)->set_sha256(std::string(32, '\x46'));
    publish({"snapshot", "timestamp"});
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, Errc::mix_and_match);
    EXPECT_EQ(version("snapshot"), 2u);
    EXPECT_EQ(version("targets"), 1u);
}

TEST_F(conformance, test_snapshot_hash_mismatch) {
    init_client();
    ASSERT_TRUE(refresh());
    publish({"snapshot"});
    repo.timestamp.mutable_snapshot()->set_sha256(std::string(32, '\x46'));
    publish({"timestamp"});
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, Errc::mix_and_match);
    EXPECT_EQ(version("timestamp"), 2u);
    EXPECT_EQ(version("snapshot"), 1u);
}

// There a space after the JSON; here signatures in an order of their own, and one that is worth nothing.
TEST_F(conformance, test_metadata_bytes_match) {
    change_envelope("timestamp.pb", [](v1::Envelope& e) {
        e.add_signatures()->set_keyid("unlike any other");
        e.mutable_signatures()->SwapElements(0, 1);
    });
    auto const served = repo.newest(RoleName::timestamp);
    init_client();
    EXPECT_TRUE(refresh());
    EXPECT_EQ(client.stored(RoleName::timestamp), served);
}

TEST_F(conformance, test_custom_fields) {
    init_client();
    ASSERT_TRUE(refresh());
    add_key(RoleName::root);
    add_custom_field(repo.root);
    add_custom_field(*repo.root.mutable_keys(1));
    add_custom_field(*repo.root.mutable_root());
    publish({"root"});
    EXPECT_TRUE(refresh());
    EXPECT_EQ(version("root"), 2u);
}

TEST_F(conformance, test_deprecated_keyid_hash_algorithms) {
    repo.rotate_keys(RoleName::snapshot);
    for (auto& key : *repo.root.mutable_keys()) add_custom_field(key);
    init_client();
    publish({"root", "snapshot", "timestamp"});
    EXPECT_TRUE(refresh());
    EXPECT_EQ(version("root"), 2u);
    EXPECT_EQ(version("snapshot"), 2u);
}

TEST_F(conformance, test_snapshot_404) {
    init_client();
    ASSERT_TRUE(refresh());
    repo.timestamp.mutable_snapshot()->set_version(2);
    publish({"timestamp"});
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, http::Errc::not_found);
    EXPECT_EQ(last_request(), "2.snapshot.pb");
    EXPECT_EQ(trusted_roles(), (Roles{{"root", 1}, {"snapshot", 1}, {"targets", 1}, {"timestamp", 2}}));
}

TEST_F(conformance, test_targets_404) {
    init_client();
    ASSERT_TRUE(refresh());
    repo.snapshot.mutable_metas(0)->set_version(2);
    publish({"snapshot", "timestamp"});
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, http::Errc::not_found);
    EXPECT_EQ(last_request(), "2.targets.pb");
    EXPECT_EQ(trusted_roles(), (Roles{{"root", 1}, {"snapshot", 2}, {"targets", 1}, {"timestamp", 2}}));
}

TEST_F(conformance, test_timestamp_404) {
    init_client();
    ASSERT_TRUE(refresh());
    repo.remove_file("timestamp.pb");
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, http::Errc::not_found);
    EXPECT_EQ(last_request(), "timestamp.pb");
    EXPECT_EQ(trusted_roles(), (Roles{{"root", 1}, {"snapshot", 1}, {"targets", 1}, {"timestamp", 1}}));
}

// A snapshot that the timestamp's key signed, too, and that would parse as a timestamp, served as one.
TEST_F(conformance, test_incorrect_metadata_type) {
    init_client();
    auto keys = repo.keys(RoleName::snapshot);
    keys.push_back(repo.keys(RoleName::timestamp).front());
    repo.set_keys(RoleName::snapshot, keys, 1);
    repo.snapshot.mutable_metas(0)->set_name("snapshot");
    publish({"root", "snapshot"});
    repo.put_file("timestamp.pb", repo.newest(RoleName::snapshot));
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, Errc::wrong_role);
    EXPECT_EQ(trusted_roles(), (Roles{{"root", 2}}));
}

TEST_F(conformance, test_faketime) {
    init_client();
    repo.root.set_expires((kNow + std::chrono::days(7)).time_since_epoch().count());
    publish({"root"});
    EXPECT_TRUE(refresh());
    EXPECT_FALSE(refresh(std::chrono::days(8)));
    EXPECT_EQ(refused.code, Errc::freeze);
}

}  // namespace
}  // namespace lanyard
