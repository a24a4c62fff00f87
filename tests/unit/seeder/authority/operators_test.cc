#include "seeder/authority/operators.h"

#include "proto/identity/certificate.h"
#include "seeder/authority/audit.h"
#include "seeder/authority/certificates.h"
#include "seeder/authority/errc.h"
#include "seeder/authority/members.h"
#include "seeder/authority/tokens.h"
#include "tests/unit/seeder/authority/authority_test.h"

namespace lanyard::authority {
namespace {

using namespace std::chrono_literals;
using identity::Key;

class OperatorsTest : public testing::Test {
protected:
    static Operator anna(Role role = Role::publisher, char print = 'a') {
        return {"anna",
                role,
                std::string(32, print),
                kNow.time_since_epoch().count(),
                (kNow + 24h).time_since_epoch().count(),
                std::nullopt};
    }
    Members members() {
        Members all;
        all.apply(*changes_since(database, 0));
        return all;
    }

    support::Scratch scratch;
    store::Database database = open_authority(scratch / "seeder.db");
    Operators operators{database};
};

TEST_F(OperatorsTest, KnowsAnOperatorByTheCertificateUntilItExpires) {
    ASSERT_TRUE(operators.add(anna(), kNow));
    auto const all = members();
    auto const known = all.current_operator(std::string(32, 'a'), kNow);
    ASSERT_TRUE(known) << known.error().detail;
    EXPECT_EQ((*known)->name, "anna");
    EXPECT_EQ((*known)->role, Role::publisher);
    EXPECT_FALSE(all.current_operator(std::string(32, 'a'), kNow + 25h));
    EXPECT_FALSE(all.current_operator(std::string(32, 'b'), kNow));
    EXPECT_FALSE(all.current_operator("", kNow));
}

TEST_F(OperatorsTest, KnowsARevokedOperatorNoMore) {
    ASSERT_TRUE(operators.add(anna(), kNow));
    auto all = members();
    ASSERT_TRUE(operators.revoke("anna", kNow));
    all.apply(*changes_since(database, all.revision()));
    EXPECT_FALSE(all.current_operator(std::string(32, 'a'), kNow));
    EXPECT_EQ(operators.revoke("anna", kNow).error().code, Errc::unknown);
}

TEST_F(OperatorsTest, GivesANameAgainOnlyWhenItsHolderMayNothingAnyMore) {
    ASSERT_TRUE(operators.add(anna(), kNow));
    auto all = members();
    EXPECT_EQ(operators.add(anna(Role::administrator, 'b'), kNow).error().code, Errc::exists_already);
    ASSERT_TRUE(operators.revoke("anna", kNow));
    ASSERT_TRUE(operators.add(anna(Role::viewer, 'b'), kNow));
    all.apply(*changes_since(database, all.revision()));
    EXPECT_FALSE(all.current_operator(std::string(32, 'a'), kNow)) << "the certificate before gives no right back";
    EXPECT_EQ((*all.current_operator(std::string(32, 'b'), kNow))->role, Role::viewer);
}

TEST_F(OperatorsTest, RefusesNamesThatAreNone) {
    for (auto const* name : {"", ".", "-x", "a b", "../x", "0123456789abcdef0123456789abcdef", "\xc3\xa4"}) {
        EXPECT_FALSE(Operators::check_name(name)) << name;
    }
    EXPECT_FALSE(Operators::check_name(std::string(65, 'a')));
    for (auto const* name : {"anna", "a", "build-server_2.lan"}) EXPECT_TRUE(Operators::check_name(name)) << name;
}

TEST_F(OperatorsTest, KnowsTheRolesByTheirWordsAndNoOthers) {
    for (auto const role : {Role::viewer, Role::publisher, Role::administrator})
        EXPECT_EQ(parse_role(text(role)), role);
    EXPECT_FALSE(parse_role("root"));
    EXPECT_FALSE(parse_role(""));
}

TEST_F(OperatorsTest, KeepsOrdersInTheAuditHoweverManyAreRefused) {
    Audit audit(database);
    Actor const anna{"operator anna", "10.0.0.1"};
    ASSERT_TRUE(audit.note({0, 1, anna, "publish shop 1.0.0", "done", false}));
    auto const flooded = database.write([](store::Connection& connection) -> Status {
        connection
            .prepare(
                "INSERT INTO authority_audit (at, who, source, what, outcome, refused) WITH RECURSIVE n(i) AS "
                "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT 2, 'x', 'y', 'z', 'no', 1 FROM n")
            .bind(Audit::kMostRefusals + 5)
            .run();
        return {};
    });
    ASSERT_TRUE(flooded);
    ASSERT_TRUE(audit.note({0, 3, {"somebody", "10.0.0.2"}, "publish", "no certificate", true}));
    auto const latest = audit.latest(20'000);
    ASSERT_EQ(latest->size(), static_cast<std::size_t>(Audit::kMostRefusals) + 1);
    EXPECT_EQ(latest->front().actor.source, "10.0.0.2");
    EXPECT_EQ(latest->back().what, "publish shop 1.0.0");
    EXPECT_EQ(audit.after(*audit.last_number() - 1)->size(), 1u);
}

TEST_F(OperatorsTest, KeepsNoSecretOfATokenButItsHash) {
    Tokens tokens(database);
    std::string const secret = "sixteen letters!";
    auto const added = tokens.add(secret, 3, 1h, "anna", kNow);
    ASSERT_TRUE(added);
    EXPECT_EQ(added->id.size(), 8u);
    ASSERT_TRUE(database.write([](store::Connection&) -> Status { return {}; }));
    for (auto const& entry : std::filesystem::directory_iterator(scratch.root())) {
        EXPECT_EQ(support::read_file(entry.path()).find(secret), std::string::npos) << entry.path();
    }
    EXPECT_FALSE(tokens.add(identity::random_bytes(16), 0, 1h, "anna", kNow));
    EXPECT_FALSE(tokens.add(identity::random_bytes(16), 1, 1s, "anna", kNow));
    EXPECT_FALSE(tokens.add(identity::random_bytes(16), 1, std::chrono::days(400), "anna", kNow));
    EXPECT_EQ(tokens.revoke("nosuch00", kNow).error().code, Errc::unknown);
}

class CertificatesTest : public testing::Test {
protected:
    static CertificateAuthority make() {
        auto key = *Key::generate();
        auto pem = *CertificateAuthority::self_sign(key, "lanyard fleet CA", kNow);
        return *CertificateAuthority::load(std::move(key), std::move(pem), "ca.crt");
    }
    CertificateAuthority ca = make();
    Key key = *Key::generate();
};

TEST_F(CertificatesTest, SayWhoseTheyAreAndHowLongTheyHold) {
    auto const id = identity::node_id_of(key.public_key());
    auto const node = identity::read_certificate(*ca.certify_node(id, key.public_key(), kNow));
    ASSERT_TRUE(node);
    EXPECT_EQ(node->common_name, id);
    EXPECT_EQ(node->role, "node");
    EXPECT_EQ(node->public_key, key.public_key());
    EXPECT_EQ(node->not_before, kNow - kBackdated);
    EXPECT_EQ(node->not_after, kNow + kNodeLife);
    auto const anna = identity::read_certificate(*ca.certify_operator("anna", "publisher", key.public_key(), kNow));
    EXPECT_EQ(anna->common_name, "anna");
    EXPECT_EQ(anna->role, "publisher");
    EXPECT_EQ(anna->not_after, kNow + kOperatorLife);
    auto const server = identity::read_certificate(*ca.certify_server({"seeder.lan"}, key.public_key(), kNow));
    EXPECT_EQ(server->common_name, "seeder.lan");
    EXPECT_EQ(server->role, "");
}

TEST_F(CertificatesTest, DifferInTheirFingerprintsEvenWhenAllElseIsTheSame) {
    auto const first = identity::read_certificate(*ca.certify_operator("anna", "viewer", key.public_key(), kNow));
    auto const second = identity::read_certificate(*ca.certify_operator("anna", "viewer", key.public_key(), kNow));
    EXPECT_NE(first->fingerprint, second->fingerprint);
    EXPECT_EQ(identity::read_certificate(ca.certificate_pem())->fingerprint, ca.fingerprint());
}

TEST_F(CertificatesTest, NameHostsAndAddressesButNothingThatOpensslWouldReadAsMore) {
    EXPECT_TRUE(ca.certify_server({"seeder.lan", "10.0.0.5", "fd00::5"}, key.public_key(), kNow));
    EXPECT_FALSE(ca.certify_server({}, key.public_key(), kNow));
    EXPECT_FALSE(ca.certify_server({"a,DNS:evil"}, key.public_key(), kNow));
    EXPECT_FALSE(ca.certify_server({"a\nDNS:evil"}, key.public_key(), kNow));
    EXPECT_TRUE(ca.certify_server({std::string(200, 'a') + ".lan"}, key.public_key(), kNow));
}

TEST_F(CertificatesTest, AreNotMadeByACertificateOfAnotherKey) {
    auto const other = CertificateAuthority::load(*Key::generate(), ca.certificate_pem(), "'ca.crt'");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Errc::unusable_ca);
    EXPECT_FALSE(CertificateAuthority::load(*Key::generate(), "nonsense", "'ca.crt'"));
    EXPECT_FALSE(ca.certify_node("x", "no key", kNow));
}

}  // namespace
}  // namespace lanyard::authority
