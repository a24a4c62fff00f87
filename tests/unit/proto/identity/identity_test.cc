#include <gtest/gtest.h>

#include <set>

#include "proto/identity/certificate.h"
#include "proto/identity/errc.h"
#include "proto/identity/key.h"
#include "proto/identity/token.h"

namespace lanyard::identity {
namespace {

Key key() { return *Key::generate(); }

TEST(IdentityKey, VerifiesWhatItHasSignedAndNothingElse) {
    auto const mine = key();
    auto const signature = mine.sign(Purpose::report, "all is well");
    ASSERT_TRUE(signature);
    EXPECT_TRUE(verify(mine.public_key(), Purpose::report, "all is well", *signature));
    EXPECT_FALSE(verify(mine.public_key(), Purpose::report, "all is lost", *signature));
    EXPECT_FALSE(verify(key().public_key(), Purpose::report, "all is well", *signature));
    EXPECT_FALSE(verify(mine.public_key(), Purpose::report, "all is well", ""));
    EXPECT_FALSE(verify(mine.public_key(), Purpose::report, "all is well", std::string(10'000, 'x')));
}

TEST(IdentityKey, SignsForOnePurposeOnly) {
    auto const mine = key();
    auto const signature = mine.sign(Purpose::enrolment, "message");
    ASSERT_TRUE(signature);
    EXPECT_TRUE(verify(mine.public_key(), Purpose::enrolment, "message", *signature));
    EXPECT_FALSE(verify(mine.public_key(), Purpose::report, "message", *signature));
}

TEST(IdentityKey, IsTheSameAfterAWayThroughPem) {
    auto const mine = key();
    auto const back = Key::from_pem(*mine.to_pem(), "key.pem");
    ASSERT_TRUE(back) << back.error().detail;
    EXPECT_EQ(back->public_key(), mine.public_key());
    auto const signature = back->sign(Purpose::report, "message");
    EXPECT_TRUE(verify(mine.public_key(), Purpose::report, "message", *signature));
}

TEST(IdentityKey, RefusesAPublicKeyWithSomethingBehindIt) {
    auto const mine = key();
    auto const signature = mine.sign(Purpose::report, "message");
    EXPECT_FALSE(verify(mine.public_key() + "x", Purpose::report, "message", *signature));
    EXPECT_FALSE(verify("", Purpose::report, "message", *signature));
    EXPECT_FALSE(verify(std::string(1'000'000, '\x30'), Purpose::report, "message", *signature));
}

TEST(IdentityKey, RefusesPemThatHoldsNoKeyOfItsKind) {
    constexpr char const* kEd25519 =
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
        "-----END PRIVATE KEY-----\n";
    for (auto const* pem : {"", "hello", kEd25519}) {
        auto const read = Key::from_pem(pem, "'key.pem'");
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, Errc::malformed_key);
        EXPECT_TRUE(read.error().detail.starts_with("'key.pem' holds no P-256")) << read.error().detail;
    }
}

TEST(IdentityKey, GivesEachKeyAnIdOfItsOwn) {
    std::set<std::string> ids;
    for (int i = 0; i < 20; ++i) ids.insert(node_id_of(key().public_key()));
    EXPECT_EQ(ids.size(), 20u);
    EXPECT_EQ(ids.begin()->size(), 32u);
    EXPECT_EQ(ids.begin()->find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(IdentityCertificate, IsNotReadFromWhatIsNone) {
    EXPECT_FALSE(read_certificate(""));
    EXPECT_FALSE(read_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
    EXPECT_FALSE(read_certificate(std::string(200'000, 'x')));
}

Token token(std::size_t secret_size = Token::kSecretSize) {
    return {sha256("a certificate"), random_bytes(secret_size)};
}

TEST(IdentityToken, IsReadBackAsItWasWritten) {
    for (auto const size : {Token::kSecretSize, std::size_t{0}}) {
        auto const written = token(size);
        auto const text = written.to_text();
        EXPECT_EQ(text.size(), size == 0 ? 60u : 85u);
        auto const read = Token::parse(text);
        ASSERT_TRUE(read) << read.error().detail;
        EXPECT_EQ(read->ca_sha256, written.ca_sha256);
        EXPECT_EQ(read->secret, written.secret);
    }
}

TEST(IdentityToken, DoesNotMindCapitalsDashesAndSpaces) {
    auto const written = token();
    auto text = written.to_text();
    for (auto& c : text) c = static_cast<char>(std::toupper(c));
    text.insert(40, " ");
    text.insert(20, "-");
    auto const read = Token::parse(text);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->secret, written.secret);
}

TEST(IdentityToken, TellsEveryMistypedLetter) {
    auto const right = token().to_text();
    for (std::size_t at = 0; at < right.size(); ++at) {
        auto typed = right;
        typed[at] = typed[at] == 'a' ? 'b' : 'a';
        auto const read = Token::parse(typed);
        ASSERT_FALSE(read) << at;
        EXPECT_EQ(kind_of(read.error().code), Kind::usage);
    }
}

TEST(IdentityToken, TellsTwoLettersThatChangedPlaces) {
    auto const right = token().to_text();
    for (std::size_t at = 0; at + 1 < right.size(); ++at) {
        if (right[at] == right[at + 1]) continue;
        auto typed = right;
        std::swap(typed[at], typed[at + 1]);
        EXPECT_FALSE(Token::parse(typed)) << at;
    }
}

TEST(IdentityToken, IsRefusedWhenItIsCutShortOrForeign) {
    auto const right = token().to_text();
    EXPECT_FALSE(Token::parse(""));
    EXPECT_FALSE(Token::parse(right.substr(0, 84)));
    EXPECT_FALSE(Token::parse(right + "a"));
    EXPECT_FALSE(Token::parse(std::string(10'000, 'a')));
    auto const foreign = Token::parse("0" + right.substr(1));
    ASSERT_FALSE(foreign);
    EXPECT_NE(foreign.error().detail.find("a to z and 2 to 7"), std::string::npos);
}

}  // namespace
}  // namespace lanyard::identity
