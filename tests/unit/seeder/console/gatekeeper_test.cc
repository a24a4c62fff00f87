#include "seeder/console/gatekeeper.h"

#include "proto/identity/certificate.h"
#include "seeder/announce/errc.h"
#include "seeder/authority/nodes.h"
#include "seeder/console/server_identity.h"
#include "tests/support/fake_time.h"
#include "tests/unit/seeder/console/console_test.h"

namespace lanyard::console::gatekeeper_test {
namespace {

using announce::Errc;
using authority::NodeState;
using identity::Key;

class GatekeeperTest : public HouseTest {
protected:
    Key key = *Key::generate();
    std::string id = identity::node_id_of(key.public_key());
};

TEST_F(GatekeeperTest, GivesANodeWithATokenACertificateAndLetsItInAtOnce) {
    auto const answer = enroll(key, token_secret());
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->state(), v1::ENROLL_STATE_ACCEPTED);
    auto const certificate = identity::read_certificate(answer->certificate());
    ASSERT_TRUE(certificate);
    EXPECT_EQ(certificate->common_name, id);
    EXPECT_EQ(certificate->role, "node");
    EXPECT_TRUE(gatekeeper.admit(by_certificate(id), id));
    EXPECT_EQ(events.count("fleet.accepted"), 1);
}

TEST_F(GatekeeperTest, LetsNobodyInWithoutCertificateOrWithThatOfAnother) {
    ASSERT_TRUE(enroll(key, token_secret()));
    EXPECT_EQ(gatekeeper.admit(http::Caller(), id).error().code, Errc::no_certificate);
    auto const other = std::string(32, '0');
    EXPECT_EQ(gatekeeper.admit(by_certificate(other), id).error().code, Errc::not_admitted);
    EXPECT_EQ(gatekeeper.admit(by_certificate(other), other).error().code, Errc::not_admitted);
    EXPECT_EQ(gatekeeper.admit(by_certificate(""), "").error().code, Errc::not_admitted);
}

TEST_F(GatekeeperTest, LetsAPendingNodeInWhenAnotherProcessHasAcceptedIt) {
    ASSERT_EQ(enroll(key, "")->state(), v1::ENROLL_STATE_PENDING);
    EXPECT_NE(events.text("fleet.pending").find("node accept " + id), std::string::npos);
    EXPECT_FALSE(gatekeeper.admit(by_certificate(id), id));
    v1::AdminRequest accept;
    accept.mutable_node()->set_node(id.substr(0, 8));
    accept.mutable_node()->set_verb(v1::NodeOrder::ACCEPT);
    ASSERT_TRUE(order(accept));
    let_it_look([&] { return events.count("fleet.accepted") > 0; });
    EXPECT_TRUE(gatekeeper.admit(by_certificate(id), id));
    EXPECT_NE(events.text("operator.action").find("user root from here: accept node " + id.substr(0, 8)),
              std::string::npos);
    EXPECT_EQ(enroll(key, "")->state(), v1::ENROLL_STATE_ACCEPTED);
}

TEST_F(GatekeeperTest, PutsARevokedNodeOutAndTellsThoseWhoHoldItsQuestions) {
    ASSERT_TRUE(enroll(key, token_secret()));
    int told = 0;
    gatekeeper.when_lost([&] { ++told; });
    ASSERT_TRUE(enroll(*Key::generate(), token_secret()));
    EXPECT_EQ(told, 0) << "who comes disturbs nobody";
    v1::AdminRequest revoke;
    revoke.mutable_node()->set_node(id);
    revoke.mutable_node()->set_verb(v1::NodeOrder::REVOKE);
    ASSERT_TRUE(order(revoke));
    let_it_look([&] { return told > 0; });
    EXPECT_FALSE(gatekeeper.admit(by_certificate(id), id));
    auto const again = enroll(key, token_secret());
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Errc::not_admitted);
}

TEST_F(GatekeeperTest, AcceptsTheNetworksThatTheOperatorHasNamedAndNoOthers) {
    EXPECT_EQ(enroll(key, "", "10.9.200.1")->state(), v1::ENROLL_STATE_ACCEPTED);
    EXPECT_EQ(enroll(*Key::generate(), "", "fd12::1")->state(), v1::ENROLL_STATE_ACCEPTED);
    for (auto const* address : {"10.8.0.1", "10.10.0.1", "fe80::1", "", "nonsense"}) {
        EXPECT_EQ(enroll(*Key::generate(), "", address)->state(), v1::ENROLL_STATE_PENDING) << address;
    }
}

TEST_F(GatekeeperTest, CountsThoseThatWaitInTheNetworkOfOneIPv6MachineTogetherAndForgetsThemTogether) {
    auto const wait_at = [&](std::string const& address) { return enroll(*Key::generate(), "", address); };
    for (std::int64_t i = 0; i < authority::Nodes::kMostPendingOfNeighbourhood; ++i) {
        ASSERT_TRUE(wait_at("2001:db8:0:1::" + std::to_string(i)));
    }
    EXPECT_FALSE(wait_at("2001:db8:0:1:ffff::1"));
    EXPECT_TRUE(wait_at("2001:db8:0:2::1"));
    v1::AdminRequest forget;
    forget.mutable_node()->set_verb(v1::NodeOrder::FORGET);
    forget.mutable_node()->set_waiting_at("2001:db8:0:1::7");
    ASSERT_TRUE(order(forget));
    EXPECT_EQ(out.str(), "100 nodes are forgotten that waited at 2001:db8:0:1::.\n");
    EXPECT_TRUE(wait_at("2001:db8:0:1:ffff::1"));
}

TEST_F(GatekeeperTest, TellsOfAForgottenNodeThatAsksAgain) {
    ASSERT_EQ(enroll(key, "")->state(), v1::ENROLL_STATE_PENDING);
    v1::AdminRequest forget;
    forget.mutable_node()->set_verb(v1::NodeOrder::FORGET);
    forget.mutable_node()->set_node(id);
    ASSERT_TRUE(order(forget));
    EXPECT_EQ(out.str(), "Node pc-1 (" + id + ") is forgotten.\n");
    let_it_look([&] { return events.count("operator.action") > 0; });
    ASSERT_EQ(enroll(key, "")->state(), v1::ENROLL_STATE_PENDING);
    EXPECT_EQ(events.count("fleet.pending"), 2);
}

TEST_F(GatekeeperTest, KnowsTheSignatureOfANodeAndNoOther) {
    ASSERT_TRUE(enroll(key, token_secret()));
    auto const signature = *key.sign(identity::Purpose::report, "report");
    EXPECT_TRUE(gatekeeper.signed_by(id, "report", signature));
    EXPECT_FALSE(gatekeeper.signed_by(id, "another", signature));
    EXPECT_FALSE(gatekeeper.signed_by(id, "report", *Key::generate()->sign(identity::Purpose::report, "report")));
    EXPECT_FALSE(gatekeeper.signed_by(std::string(32, '0'), "report", signature));
}

TEST_F(GatekeeperTest, AnswersManyAtOnce) {
    auto const secret = token_secret();
    std::vector<Result<v1::EnrollResponse>> answers;
    std::vector<Key> keys;
    for (int i = 0; i < 40; ++i) keys.push_back(*Key::generate());
    for (auto const& one : keys) {
        v1::EnrollRequest request;
        request.set_node_id(identity::node_id_of(one.public_key()));
        request.set_public_key(one.public_key());
        request.set_token_secret(secret);
        v1::SignedEnrollRequest message;
        message.set_request(request.SerializeAsString());
        message.set_signature(*one.sign(identity::Purpose::enrolment, message.request()));
        asio::co_spawn(io, gatekeeper.enroll(message, "10.0.0.7"),
                       [&](std::exception_ptr, Result<v1::EnrollResponse> answer) { answers.push_back(answer); });
    }
    let_it_look([&] { return answers.size() == keys.size(); });
    for (auto const& answer : answers) EXPECT_EQ(answer->state(), v1::ENROLL_STATE_ACCEPTED);
}

TEST_F(GatekeeperTest, RemembersEverybodyAcrossARestartAndTellsNobodyOfIt) {
    ASSERT_TRUE(enroll(key, token_secret()));
    auto database = support::must(open_database(dir));
    support::RecordedEvents silence;
    Gatekeeper restarted(io, silence, pool, database, opened.ca, http::Networks(), [this] { return now; });
    ASSERT_TRUE(restarted.begin());
    EXPECT_TRUE(restarted.admit(by_certificate(id), id));
    EXPECT_TRUE(silence.told.empty());
}

class ServerIdentityTest : public testing::Test {
protected:
    support::FakeTime time;
    support::TestFleet fleet{time.begin};
    support::RecordedEvents events;
    Config config = [] {
        Config made;
        made.url = "https://seeder.lan:8430";
        made.listen = "10.0.0.5";
        return made;
    }();
    std::vector<http::ServerTls> used;
    ServerIdentity identity{fleet.ca, config, time, events, time.wall_clock(), [this](http::ServerTls const& tls) {
                                used.push_back(tls);
                                return Status();
                            }};
};

TEST_F(ServerIdentityTest, ShowsANewCertificateLongBeforeTheOldOneExpires) {
    ASSERT_TRUE(identity.begin());
    time.on_sleep = [&] {
        if (used.size() == 4) identity.stop();
        auto const shown = identity::read_certificate(used.back().certificate_chain_pem);
        EXPECT_GT(shown->not_after - time.wall_clock()(), std::chrono::days(50));
    };
    asio::io_context io;
    asio::co_spawn(io, identity.run(), asio::detached);
    io.run();
    EXPECT_EQ(events.count("tls.renewed"), 3);
    EXPECT_NE(used[0].private_key_pem, used[1].private_key_pem);
}

TEST_F(ServerIdentityTest, SendsTheCaInItsChainForThoseWhoPinIt) {
    ASSERT_TRUE(identity.begin());
    EXPECT_TRUE(used[0].certificate_chain_pem.ends_with(fleet.ca.certificate_pem()));
    EXPECT_EQ(used[0].client_ca_pem, fleet.ca.certificate_pem());
    EXPECT_EQ(identity::read_certificate(used[0].certificate_chain_pem)->common_name, "seeder.lan");
}

TEST_F(HouseTest, KeepsItsCaAndRefusesToMakeAnotherWhenHalfOfItIsLost) {
    EXPECT_EQ(support::must(open_ca(dir, kNow + std::chrono::days(9))).fingerprint(), opened.ca.fingerprint());
    std::filesystem::remove(dir.ca_certificate());
    auto const lost = open_ca(dir, kNow);
    ASSERT_FALSE(lost);
    EXPECT_NE(lost.error().detail.find("ca.crt"), std::string::npos);
}

}  // namespace
}  // namespace lanyard::console::gatekeeper_test
