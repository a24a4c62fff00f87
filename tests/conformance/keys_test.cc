#include "manifests/trust/errc.h"
#include "tests/conformance/conformance.h"
#include "tests/support/other_keys.h"

namespace lanyard {
namespace {

using trust::Errc;
using trust::RoleName;

TEST_F(conformance, test_snapshot_does_not_meet_threshold) {
    auto const keys = repo.fresh_keys(3);
    repo.set_keys(RoleName::snapshot, keys, 3);
    publish({"root", "targets", "snapshot", "timestamp"});
    init_client();
    ASSERT_TRUE(refresh());
    publish({"targets", "snapshot"});
    auto const name = repo.name_of(RoleName::snapshot);
    repo.put_file(name, repo.sign(RoleName::snapshot, repo.payload(RoleName::snapshot), {keys[0], keys[1]}));
    point_timestamp_at_snapshot();
    publish({"timestamp"});
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, Errc::arbitrary_software);
    EXPECT_EQ(version("snapshot"), 2u);
}

TEST_F(conformance, test_snapshot_has_too_few_keys) {
    init_client();
    repo.set_keys(RoleName::snapshot, repo.fresh_keys(5), 6);
    publish({"root", "snapshot", "timestamp"});
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, Errc::arbitrary_software);
    EXPECT_NE(refused.detail.find("snapshot"), std::string::npos) << refused.detail;
    EXPECT_EQ(version("root"), 2u);
    EXPECT_EQ(version("snapshot"), 0u);
}

TEST_F(conformance, test_duplicate_keys) {
    init_client();
    auto const key = repo.fresh_keys(1).front();
    repo.set_keys(RoleName::snapshot, {repo.keys(RoleName::snapshot).front(), key}, 6);
    for (int i = 0; i < 8; ++i) {
        *repo.root.add_keys() = key->public_key();
        repo.root.mutable_snapshot()->add_keyids(trust::key_id(key->public_key()).to_raw());
    }
    publish({"root", "snapshot"});
    change_envelope("2.snapshot.pb", [](v1::Envelope& e) {
        for (int i = 0; i < 8; ++i) *e.add_signatures() = e.signatures(1);
    });
    point_timestamp_at_snapshot();
    publish({"timestamp"});
    EXPECT_FALSE(refresh());
    EXPECT_EQ(version("snapshot"), 0u);
}

TEST_F(conformance, test_duplicate_sig_keyids) {
    init_client();
    change_envelope("1.snapshot.pb", [](v1::Envelope& e) { *e.add_signatures() = e.signatures(0); });
    point_timestamp_at_snapshot();
    EXPECT_FALSE(refresh());
    EXPECT_EQ(refused.code, Errc::malformed);
    EXPECT_EQ(version("snapshot"), 0u);
}

void keytype_and_scheme(conformance& t, support::RepositorySimulator::Key const& key) {
    t.init_client();
    auto keys = t.repo.keys(RoleName::root);
    keys.push_back(key);
    t.repo.set_keys(RoleName::root, keys, 2);
    t.publish({"root"});
    EXPECT_TRUE(t.refresh()) << t.refused.detail;
    EXPECT_EQ(t.version("root"), 2u);
    t.publish({"root"});
    // A good signature of that key, but of something else.
    auto const other = key->sign("something else").value();
    t.change_envelope("3.root.pb", [&](v1::Envelope& e) {
        for (auto& signature : *e.mutable_signatures()) {
            if (signature.keyid() == trust::key_id(key->public_key()).to_raw()) signature.set_sig(other);
        }
    });
    EXPECT_FALSE(t.refresh());
    EXPECT_EQ(t.refused.code, Errc::arbitrary_software);
    EXPECT_EQ(t.version("root"), 2u);
}

TEST_F(conformance, test_keytype_and_scheme_rsa_rsassa_pss_sha256_) {
    keytype_and_scheme(*this, support::generate_rsa_key());
}
TEST_F(conformance, test_keytype_and_scheme_ecdsa_ecdsa_sha2_nistp256_) {
    keytype_and_scheme(*this, support::generate_p256_key());
}
TEST_F(conformance, test_keytype_and_scheme_ed25519_ed25519_) {
    keytype_and_scheme(*this, signing::generate_key().value());
}

TEST_F(conformance, test_invalid_sig_in_valid_metadata) {
    init_client();
    v1::Envelope first;
    ASSERT_TRUE(first.ParseFromString(repo.newest(RoleName::timestamp)));
    add_key(RoleName::timestamp);
    publish({"root", "timestamp"});
    change_envelope("timestamp.pb", [&](v1::Envelope& e) { *e.mutable_signatures(0) = first.signatures(0); });
    EXPECT_TRUE(refresh());
    publish({"timestamp"});
    change_envelope("timestamp.pb", [](v1::Envelope& e) { e.mutable_signatures(0)->clear_sig(); });
    EXPECT_TRUE(refresh());
    EXPECT_EQ(version("timestamp"), 3u);
}

// How many files stand in the node's directory: names of roles must not become names of files.
std::size_t files_in(std::filesystem::path const& directory) {
    using Walk = std::filesystem::recursive_directory_iterator;
    return static_cast<std::size_t>(std::distance(Walk(directory), Walk()));
}

void unusual_role_name(conformance& t, std::string const& role, std::string const& request) {
    t.repo.delegate("targets", role);
    t.publish({role, "targets", "snapshot", "timestamp"});
    t.init_client();
    auto const files = files_in(t.client.scratch.root());
    EXPECT_FALSE(t.find("nonexistent target"));
    EXPECT_EQ(t.refused.code, Errc::no_such_target);
    EXPECT_EQ(t.last_request(), request);
    EXPECT_EQ(t.trusted_roles().size(), 5u);
    EXPECT_EQ(files_in(t.client.scratch.root()), files);
}

TEST_F(conformance, test_unusual_role_name_question_mark_) { unusual_role_name(*this, "?", "1.%3F.pb"); }
TEST_F(conformance, test_unusual_role_name_hash_) { unusual_role_name(*this, "#", "1.%23.pb"); }
TEST_F(conformance, test_unusual_role_name_slash_delegatedrole_) {
    unusual_role_name(*this, "/delegatedrole", "1.%2Fdelegatedrole.pb");
}
TEST_F(conformance, test_unusual_role_name_dot_dot_slash_delegatedrole_) {
    unusual_role_name(*this, "../delegatedrole", "1...%2Fdelegatedrole.pb");
}

}  // namespace
}  // namespace lanyard
