#include "manifests/signing/request.h"

#include <gtest/gtest.h>

#include "manifests/signing/errc.h"
#include "tests/support/signing_requests.h"

namespace lanyard::signing {
namespace {

using support::Ceremony;

TEST(Request, IsCompleteOnceEveryThresholdOfOldAndNewKeysIsMet) {
    Ceremony ceremony;
    auto request = Request::from(ceremony.new_root_key()).value();
    EXPECT_EQ(request.missing().size(), 2U) << "old and new keys";
    EXPECT_EQ(request.sign(*ceremony.root[0]).value(), 1);
    EXPECT_EQ(request.sign(*ceremony.root[0]).value(), 0) << "a key signs once";
    EXPECT_EQ(request.sign(*ceremony.fresh).value(), 1);
    EXPECT_EQ(request.missing(),
              std::vector<std::string>{"root: 1 of the 2 signatures it needs by the root keys of root 1"});
    EXPECT_EQ(request.sign(*ceremony.root[1]).value(), 1);
    EXPECT_TRUE(request.missing().empty());
}

TEST(Request, TakesNoSignatureOfAKeyWithoutASay) {
    Ceremony ceremony;
    auto request = Request::from(ceremony.new_root_key()).value();
    auto const stranger = generate_key().value();
    EXPECT_EQ(request.sign(*stranger).value(), 0);
    EXPECT_EQ(request.sign(*ceremony.targets).value(), 0);
    auto const signature = stranger->sign(request.pae("root").value()).value();
    EXPECT_EQ(request.attach("root", stranger->public_key(), signature).error().code, Errc::no_say);
}

TEST(Request, CopiesSignedApartArePutTogether) {
    Ceremony ceremony;
    auto anna = Request::from(ceremony.new_root_key()).value();
    auto ben = Request::from(ceremony.new_root_key()).value();
    ASSERT_TRUE(anna.sign(*ceremony.root[0]));
    ASSERT_TRUE(anna.sign(*ceremony.fresh));
    ASSERT_TRUE(ben.sign(*ceremony.root[1]));
    auto whole = Request::parse(anna.to_proto().SerializeAsString()).value();
    ASSERT_TRUE(whole.merge(ben));
    EXPECT_TRUE(whole.missing().empty());
    ASSERT_TRUE(whole.merge(ben)) << "twice does no harm";
    EXPECT_EQ(whole.find("root")->envelope.signatures_size(), 3);
}

TEST(Request, OfSomethingElseIsNotPutTogether) {
    Ceremony ceremony;
    auto request = Request::from(ceremony.new_root_key()).value();
    EXPECT_EQ(request.merge(Request::from(ceremony.new_release()).value()).error().code, Errc::other_request);
}

TEST(Request, DropsSignaturesThatDoNotVerify) {
    Ceremony ceremony;
    auto message = ceremony.new_root_key();
    auto& envelope = *message.mutable_to_sign(0)->mutable_envelope();
    auto& claimed = *envelope.add_signatures();
    claimed.set_keyid(trust::key_id(ceremony.root[0]->public_key()).to_raw());
    claimed.set_sig(std::string(64, 'x'));
    auto request = Request::from(message).value();
    EXPECT_EQ(request.find("root")->envelope.signatures_size(), 0);
    EXPECT_EQ(request.sign(*ceremony.root[0]).value(), 1) << "the right one still fits";
}

TEST(Request, TakesASignatureThatWasMadeElsewhere) {
    Ceremony ceremony;
    auto request = Request::from(ceremony.new_release()).value();
    auto const signature = ceremony.targets->sign(request.pae("targets").value()).value();
    EXPECT_EQ(request.attach("targets", ceremony.targets->public_key(), std::string(64, 'x')).error().code,
              Errc::bad_signature);
    ASSERT_TRUE(request.attach("targets", ceremony.targets->public_key(), signature));
    EXPECT_TRUE(request.missing().empty());
}

TEST(Request, OfADelegatedRoleAsksTheKeysOfItsDelegation) {
    Ceremony ceremony;
    auto message = ceremony.new_release();
    v1::Targets delegator;
    ASSERT_TRUE(delegator.ParseFromString(message.to_sign(0).envelope().payload()));
    *delegator.add_keys() = ceremony.fresh->public_key();
    auto& delegation = *delegator.add_delegations();
    delegation.set_name("team");
    delegation.add_keyids(trust::key_id(ceremony.fresh->public_key()).to_raw());
    delegation.set_threshold(1);
    delegation.add_paths("shop/*/*/*/*");
    message.mutable_to_sign(0)->mutable_envelope()->set_payload(delegator.SerializeAsString());
    auto& team = *message.add_to_sign();
    team = message.to_sign(0);
    team.set_role("team");
    auto request = Request::from(message).value();
    EXPECT_EQ(request.sign(*ceremony.fresh).value(), 1) << "the role, and not the targets";
    EXPECT_EQ(request.sign(*ceremony.targets).value(), 1) << "the targets, and not the role";
    EXPECT_TRUE(request.missing().empty());
}

TEST(Request, HandsOnTheRootsThatItCarries) {
    Ceremony ceremony;
    auto const message = ceremony.new_release_under_a_second_root();
    auto const request = Request::parse(Request::from(message)->to_proto().SerializeAsString()).value();
    ASSERT_EQ(request.roots().size(), 2U);
    EXPECT_EQ(request.roots()[0]->SerializeAsString(), message.roots(0).SerializeAsString());
    EXPECT_EQ(request.roots()[1]->SerializeAsString(), message.current(0).envelope().SerializeAsString());
}

// What a stranger may hand in.
TEST(Request, IsRefusedWhenItIsNotWhatItMustBe) {
    Ceremony ceremony;
    auto const refused = [](v1::SigningRequest const& message) { return !Request::from(message).has_value(); };
    EXPECT_FALSE(Request::parse("hello"));
    EXPECT_TRUE(refused(v1::SigningRequest()));
    auto newer = ceremony.new_release();
    newer.set_schema(2);
    EXPECT_TRUE(refused(newer));
    auto twice = ceremony.new_release();
    *twice.add_to_sign() = twice.to_sign(0);
    EXPECT_TRUE(refused(twice));
    auto confused = ceremony.new_release();
    confused.mutable_to_sign(0)->set_role("root");
    EXPECT_TRUE(refused(confused)) << "targets under the name of a root";
    auto rootless = ceremony.new_release();
    rootless.clear_current();
    EXPECT_TRUE(refused(rootless));
    auto foreign = ceremony.new_release();
    foreign.mutable_to_sign(0)->set_role("somebody");
    EXPECT_TRUE(refused(foreign));
    for (auto const* name : {"x/../y", "../y", ".x", "snapshot", "a b", "\x1b[2K"}) {
        auto path = ceremony.new_release();
        path.mutable_to_sign(0)->set_role(name);
        EXPECT_TRUE(refused(path)) << name;
        auto published = ceremony.new_release();
        *published.add_current() = published.current(1);
        published.mutable_current(2)->set_role(name);
        EXPECT_TRUE(refused(published)) << name;
    }
    auto endless = ceremony.new_release();
    for (int i = 0; i <= kMaxRoots; ++i) endless.add_roots();
    EXPECT_TRUE(refused(endless));
    auto garbage = ceremony.new_release();
    garbage.mutable_to_sign(0)->mutable_envelope()->set_payload("garbage");
    EXPECT_TRUE(refused(garbage));
}

}  // namespace
}  // namespace lanyard::signing
