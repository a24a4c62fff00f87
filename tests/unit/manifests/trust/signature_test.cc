#include "manifests/trust/signature.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/other_keys.h"

namespace lanyard::trust::signature_test {
namespace {

v1::Key key_of(unsigned alg, std::string bytes) {
    v1::Key key;
    key.set_alg(alg);
    key.set_public_key(std::move(bytes));
    return key;
}

class Signature : public testing::TestWithParam<unsigned> {
protected:
    std::unique_ptr<signing::Signer> key() const {
        switch (GetParam()) {
            case kAlgEd25519:
                return support::fixed_key(7);
            case kAlgEcdsaP256:
                return support::generate_p256_key();
            default:
                return support::generate_rsa_key();
        }
    }
};

TEST_P(Signature, VerifiesWithItsKeyAndItsMessageOnly) {
    auto const signer = key();
    auto const signature = signer->sign("message").value();
    EXPECT_TRUE(is_sound_key(signer->public_key()));
    EXPECT_TRUE(verifies(signer->public_key(), "message", signature));
    EXPECT_FALSE(verifies(signer->public_key(), "massage", signature));
    EXPECT_FALSE(verifies(signer->public_key(), "", signature));
    auto const other = support::fixed_key(8);
    EXPECT_FALSE(verifies(other->public_key(), "message", signature));
}

TEST_P(Signature, IsRefusedWithAFlippedBitInAnyByte) {
    auto const signer = key();
    auto const signature = signer->sign("message").value();
    for (std::size_t i = 0; i < signature.size(); ++i) {
        auto changed = signature;
        changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
        EXPECT_FALSE(verifies(signer->public_key(), "message", changed)) << "byte " << i;
    }
}

TEST_P(Signature, IsRefusedWhenItIsEmptyCutOrLonger) {
    auto const signer = key();
    auto const signature = signer->sign("message").value();
    EXPECT_FALSE(verifies(signer->public_key(), "message", ""));
    EXPECT_FALSE(verifies(signer->public_key(), "message", signature.substr(1)));
    EXPECT_FALSE(verifies(signer->public_key(), "message", signature.substr(0, signature.size() - 1)));
    EXPECT_FALSE(verifies(signer->public_key(), "message", signature + '\0'));
    EXPECT_FALSE(verifies(signer->public_key(), "message", std::string(100'000, 'x')));
}

TEST_P(Signature, OfOneAlgorithmIsNoneOfAnother) {
    auto const signer = key();
    auto const signature = signer->sign("message").value();
    for (unsigned const alg : {0u, 1u, 2u, 3u, 4u, 257u}) {
        if (alg == GetParam()) continue;
        auto const renamed = key_of(alg, signer->public_key().public_key());
        EXPECT_FALSE(is_sound_key(renamed)) << alg;
        EXPECT_FALSE(verifies(renamed, "message", signature)) << alg;
    }
}

std::string name_of(testing::TestParamInfo<unsigned> const& algorithm) {
    if (algorithm.param == kAlgEd25519) return "Ed25519";
    return algorithm.param == kAlgEcdsaP256 ? "EcdsaP256" : "RsaPss";
}

INSTANTIATE_TEST_SUITE_P(Of, Signature, testing::Values(kAlgEd25519, kAlgEcdsaP256, kAlgRsaPss), name_of);

TEST(EcdsaKey, IsAPointOfTheCurveInItsOneEncoding) {
    auto const good = support::generate_p256_key()->public_key().public_key();
    auto off = good;
    off.back() = static_cast<char>(off.back() ^ 1);
    for (auto const& bytes : {off, std::string(64, '\0'), std::string(64, '\xff'), '\x04' + good, good.substr(1),
                              '\x02' + good.substr(0, 32), std::string()}) {
        EXPECT_FALSE(is_sound_key(key_of(kAlgEcdsaP256, bytes))) << bytes.size() << " bytes";
    }
}

TEST(RsaKey, HasAnOddModulusOf2048To4096BitsInItsOneEncoding) {
    auto const good = support::generate_rsa_key()->public_key().public_key();
    auto even = good;
    even.back() = static_cast<char>(even.back() & ~1);
    auto short_of_a_bit = good;
    short_of_a_bit.front() = '\x7f';
    for (auto const& bytes : {even, short_of_a_bit, '\0' + good, good.substr(0, 128), good + good + good,
                              std::string(256, '\0'), std::string()}) {
        EXPECT_FALSE(is_sound_key(key_of(kAlgRsaPss, bytes))) << bytes.size() << " bytes";
    }
}

}  // namespace
}  // namespace lanyard::trust::signature_test
