#include "seeder/authority/nodes.h"

#include "seeder/authority/errc.h"
#include "seeder/authority/members.h"
#include "seeder/authority/tokens.h"
#include "tests/unit/seeder/authority/authority_test.h"

namespace lanyard::authority {
namespace {

using namespace std::chrono_literals;
using identity::Key;

class NodesTest : public testing::Test {
protected:
    Result<NodeState> enrol(Key const& of, std::string const& secret = "", bool welcome = false,
                            std::string const& address = "10.0.0.7") {
        Applicant applicant{request_of(of, secret), address, address, welcome};
        applicant.request.set_node_name(called);
        auto verdicts = nodes.enrol(std::span(&applicant, 1), now + std::chrono::days(90), now);
        EXPECT_TRUE(verdicts) << verdicts.error().detail;
        return verdicts->at(0);
    }
    std::string token(std::int64_t uses = 1, std::chrono::seconds life = std::chrono::days(1)) {
        auto secret = identity::random_bytes(16);
        EXPECT_TRUE(tokens.add(secret, uses, life, "test", now));
        return secret;
    }
    static std::string id_of(Key const& of) { return identity::node_id_of(of.public_key()); }

    support::Scratch scratch;
    store::Database database = open_authority(scratch / "seeder.db");
    Nodes nodes{database};
    Tokens tokens{database};
    std::chrono::sys_seconds now = kNow;
    std::string called = "pc-1";  // those who ask
    Key key = *Key::generate();
};

TEST_F(NodesTest, AcceptsANodeWithATokenAtOnce) {
    EXPECT_EQ(enrol(key, token()), NodeState::accepted);
    auto const found = nodes.find(id_of(key));
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->by.starts_with("token "));
    EXPECT_EQ(found->valid_until, (now + std::chrono::days(90)).time_since_epoch().count());
}

TEST_F(NodesTest, LetsATokenBeUsedAsOftenAsItSays) {
    auto const secret = token(2);
    EXPECT_TRUE(enrol(*Key::generate(), secret));
    EXPECT_TRUE(enrol(*Key::generate(), secret));
    auto const third = enrol(*Key::generate(), secret);
    ASSERT_FALSE(third);
    EXPECT_NE(third.error().detail.find("used up"), std::string::npos);
    EXPECT_EQ(nodes.list(std::nullopt)->size(), 2u);
}

TEST_F(NodesTest, TakesNoUseWhenTheSameNodeAsksAgainBecauseTheAnswerWasLost) {
    auto const secret = token(1);
    EXPECT_EQ(enrol(key, secret), NodeState::accepted);
    EXPECT_EQ(enrol(key, secret), NodeState::accepted);
    EXPECT_EQ(enrol(key), NodeState::accepted);
    EXPECT_EQ(tokens.list()->at(0).used, 1);
}

TEST_F(NodesTest, RefusesATokenThatIsUnknownRevokedOrExpiredAndKeepsNothingOfIt) {
    EXPECT_FALSE(enrol(key, identity::random_bytes(16)));
    auto const revoked = token();
    ASSERT_TRUE(tokens.revoke(tokens.list()->at(0).id, now));
    EXPECT_FALSE(enrol(key, revoked));
    auto const expired = token(1, 1h);
    now += 61min;
    EXPECT_FALSE(enrol(key, expired));
    EXPECT_TRUE(nodes.list(std::nullopt)->empty());
}

TEST_F(NodesTest, LetsANodeWithoutTokenWaitUntilItIsAccepted) {
    EXPECT_EQ(enrol(key), NodeState::pending);
    EXPECT_EQ(nodes.find(id_of(key))->valid_until, 0);
    ASSERT_TRUE(nodes.decide(id_of(key).substr(0, 6), NodeState::accepted, "anna", now));
    EXPECT_EQ(enrol(key), NodeState::accepted);
    EXPECT_EQ(nodes.find(id_of(key))->by, "anna");
}

TEST_F(NodesTest, AcceptsANodeOfAWelcomeNetworkWithoutToken) {
    EXPECT_EQ(enrol(key, "", true), NodeState::accepted);
    EXPECT_EQ(nodes.find(id_of(key))->by, "subnet");
}

TEST_F(NodesTest, AcceptsAWaitingNodeThatComesBackWithAToken) {
    EXPECT_EQ(enrol(key), NodeState::pending);
    EXPECT_EQ(enrol(key, token()), NodeState::accepted);
}

TEST_F(NodesTest, RefusesARejectedNodeUntilItHasAToken) {
    EXPECT_EQ(enrol(key), NodeState::pending);
    ASSERT_TRUE(nodes.decide(id_of(key), NodeState::rejected, "anna", now));
    EXPECT_FALSE(enrol(key));
    EXPECT_FALSE(enrol(key, "", true)) << "a person has said no";
    EXPECT_EQ(enrol(key, token()), NodeState::accepted);
}

TEST_F(NodesTest, NeverTakesARevokedKeyAgain) {
    EXPECT_EQ(enrol(key, token()), NodeState::accepted);
    ASSERT_TRUE(nodes.decide("pc-1", NodeState::revoked, "anna", now));
    EXPECT_FALSE(enrol(key));
    EXPECT_FALSE(enrol(key, token()));
    EXPECT_FALSE(enrol(key, "", true));
    EXPECT_FALSE(nodes.decide(id_of(key), NodeState::accepted, "anna", now));
    EXPECT_EQ(tokens.list()->at(0).used + tokens.list()->at(1).used, 1);
}

TEST_F(NodesTest, HasAWayBackForANodeWhoseCertificateHasLongExpired) {
    EXPECT_EQ(enrol(key, token()), NodeState::accepted);
    now += std::chrono::days(1000);
    EXPECT_EQ(enrol(key), NodeState::accepted);
    EXPECT_EQ(nodes.find("pc-1")->valid_until, (now + std::chrono::days(90)).time_since_epoch().count());
}

TEST_F(NodesTest, BoundsHowManyWaitFromOneAddressAndForgetsThoseThatGaveUp) {
    for (int i = 0; i < Nodes::kMostPendingOfNeighbourhood; ++i) EXPECT_TRUE(enrol(*Key::generate()));
    auto const one_more = enrol(key);
    ASSERT_FALSE(one_more);
    EXPECT_EQ(one_more.error().code, Errc::too_many);
    EXPECT_EQ(enrol(key, "", false, "10.0.0.8"), NodeState::pending);
    EXPECT_EQ(enrol(*Key::generate(), token()), NodeState::accepted) << "who has a token does not stand in that row";
    now += Nodes::kForgetPending + 1s;
    EXPECT_EQ(enrol(*Key::generate()), NodeState::pending);
    EXPECT_EQ(nodes.list(NodeState::pending)->size(), 1u);
}

TEST_F(NodesTest, RevokesTheAcceptedOneHoweverManyAskUnderItsNameOrUnderPartsOfItsId) {
    EXPECT_EQ(enrol(key, token()), NodeState::accepted);
    auto const id = id_of(key);
    for (std::size_t digits = 4; digits <= id.size(); ++digits) {
        called = id.substr(0, digits);
        EXPECT_EQ(enrol(*Key::generate()), NodeState::pending) << "a node may be called so";
    }
    called = "pc-1";
    EXPECT_EQ(enrol(*Key::generate()), NodeState::pending);
    for (auto const& word : {id, id.substr(0, 8), std::string("pc-1")}) {
        EXPECT_EQ(nodes.decide(word, NodeState::revoked, "anna", now)->id, id) << word;
        // To have it once more.
        ASSERT_TRUE(database.write([&](store::Connection& connection) -> Status {
            connection.prepare("UPDATE authority_nodes SET state = 'accepted' WHERE id = ?").bind(id).run();
            return {};
        }));
    }
    EXPECT_EQ(nodes.decide("pc-1", NodeState::accepted, "anna", now).error().code, Errc::ambiguous)
        << "nobody is let in because of a name that somebody else has, too";
}

TEST_F(NodesTest, SaysThatSeveralAreMeantWhenTwoAcceptedOnesHaveTheName) {
    EXPECT_EQ(enrol(key, token()), NodeState::accepted);
    EXPECT_EQ(enrol(*Key::generate(), token()), NodeState::accepted);
    auto const both = nodes.decide("pc-1", NodeState::revoked, "anna", now);
    ASSERT_FALSE(both);
    EXPECT_EQ(both.error().code, Errc::ambiguous);
    EXPECT_EQ(nodes.decide(id_of(key), NodeState::revoked, "anna", now)->id, id_of(key));
}

TEST_F(NodesTest, ForgetsWhatIsNotAcceptedAndMembersForgetItToo) {
    Members members;
    EXPECT_EQ(enrol(key, token()), NodeState::accepted);
    members.apply(*changes_since(database, members.revision()));
    EXPECT_EQ(nodes.forget("pc-1").error().code, Errc::exists_already);
    ASSERT_TRUE(nodes.decide("pc-1", NodeState::revoked, "anna", now));
    EXPECT_EQ(nodes.forget("pc-1")->id, id_of(key));
    EXPECT_EQ(nodes.forget("pc-1").error().code, Errc::unknown);
    EXPECT_TRUE(nodes.list(std::nullopt)->empty());
    auto const changes = changes_since(database, members.revision());
    EXPECT_TRUE(changes->all_anew);
    members.apply(*changes);
    EXPECT_FALSE(members.state_of(id_of(key)));
    EXPECT_FALSE(members.accepted_node(id_of(key)));
    EXPECT_FALSE(changes_since(database, members.revision())->any());
    EXPECT_EQ(enrol(key), NodeState::pending) << "and it begins from the beginning";
    members.apply(*changes_since(database, members.revision()));
    EXPECT_EQ(members.state_of(id_of(key)), NodeState::pending);
}

TEST_F(NodesTest, ForgetsAllThatWaitAtOnePlaceAndMakesRoomForOthersThere) {
    EXPECT_EQ(enrol(key, token()), NodeState::accepted);
    for (int i = 0; i < Nodes::kMostPendingOfNeighbourhood; ++i) EXPECT_TRUE(enrol(*Key::generate()));
    EXPECT_EQ(enrol(*Key::generate(), "", false, "10.0.0.8"), NodeState::pending);
    EXPECT_FALSE(enrol(*Key::generate()));
    auto const forgotten = nodes.forget_waiting("10.0.0.7");
    ASSERT_TRUE(forgotten) << forgotten.error().detail;
    EXPECT_EQ(forgotten->size(), static_cast<std::size_t>(Nodes::kMostPendingOfNeighbourhood));
    EXPECT_EQ(nodes.list(std::nullopt)->size(), 2u) << "the accepted one, and the one that waits elsewhere";
    EXPECT_EQ(enrol(*Key::generate()), NodeState::pending);
    EXPECT_EQ(nodes.forget_waiting("10.0.0.9").error().code, Errc::unknown);
}

TEST_F(NodesTest, FindsANodeByNameOrTheBeginningOfItsIdAndSaysWhenSeveralAreMeant) {
    EXPECT_TRUE(enrol(key, token()));
    EXPECT_EQ(nodes.find("pc-1")->id, id_of(key));
    EXPECT_EQ(nodes.find(id_of(key).substr(0, 4))->id, id_of(key));
    EXPECT_EQ(nodes.find(id_of(key).substr(0, 3)).error().code, Errc::unknown);
    EXPECT_EQ(nodes.find("").error().code, Errc::unknown);
    EXPECT_EQ(nodes.find("%").error().code, Errc::unknown);
    EXPECT_TRUE(enrol(*Key::generate(), token()));
    EXPECT_EQ(nodes.find("pc-1").error().code, Errc::ambiguous);
}

TEST_F(NodesTest, BelievesARequestOnlyWhenTheKeyOfItsIdHasSignedIt) {
    auto const good = check_request(signed_request(key, request_of(key)));
    ASSERT_TRUE(good) << good.error().detail;

    auto another_id = request_of(key);
    another_id.set_node_id(std::string(32, '0'));
    auto another_key = signed_request(key, request_of(*Key::generate()));
    auto changed = signed_request(key, request_of(key));
    changed.mutable_request()->back() ^= 1;
    auto name = request_of(key);
    name.set_node_name("pc\n1");
    auto turned = request_of(key);
    turned.set_node_name(
        "pc\xe2\x80\xae"
        "1");
    auto commanding = request_of(key);
    commanding.set_node_name(
        "pc\xc2\x9b"
        "2J");
    auto long_name = request_of(key);
    long_name.set_node_name(std::string(254, 'x'));
    v1::SignedEnrollRequest huge;
    huge.set_request(std::string(100'000, 'x'));
    for (auto const& message :
         {signed_request(key, another_id), another_key, changed, signed_request(key, name), signed_request(key, turned),
          signed_request(key, commanding), signed_request(key, long_name), huge, v1::SignedEnrollRequest()}) {
        auto const checked = check_request(message);
        ASSERT_FALSE(checked);
        EXPECT_EQ(checked.error().code, Errc::malformed) << checked.error().detail;
    }
}

TEST_F(NodesTest, TellsMembersOfEveryChangeOnce) {
    Members members;
    members.apply(*changes_since(database, 0));
    EXPECT_FALSE(members.accepted_node(id_of(key)));
    EXPECT_TRUE(enrol(key, token()));
    auto const changes = changes_since(database, members.revision());
    ASSERT_EQ(changes->nodes.size(), 1u);
    members.apply(*changes);
    ASSERT_TRUE(members.accepted_node(id_of(key)));
    EXPECT_EQ((*members.accepted_node(id_of(key)))->public_key, key.public_key());
    EXPECT_FALSE(changes_since(database, members.revision())->any());
    ASSERT_TRUE(nodes.decide(id_of(key), NodeState::revoked, "anna", now));
    members.apply(*changes_since(database, members.revision()));
    auto const revoked = members.accepted_node(id_of(key));
    ASSERT_FALSE(revoked);
    EXPECT_EQ(revoked.error().detail, "this node is revoked");
}

}  // namespace
}  // namespace lanyard::authority
