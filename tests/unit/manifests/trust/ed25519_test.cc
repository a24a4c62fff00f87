#include "manifests/trust/ed25519.h"

#include <gtest/gtest.h>

#include <string>

namespace lanyard::trust::ed25519_test {
namespace {

std::string unhex(std::string const& hex) {
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return bytes;
}

std::string repeated(char const* byte, int times) {
    std::string hex;
    for (int i = 0; i < times; ++i) hex += byte;
    return hex;
}

// RFC 8032, 7.1, tests 1 and 2.
std::string const kKey1 = unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
std::string const kSignature1 = unhex(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595b"
    "be24655141438e7a100b");
std::string const kKey2 = unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
std::string const kSignature2 = unhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb430"
    "2aeeb00d291612bb0c00");

TEST(Ed25519, AcceptsTheVectorsOfRfc8032) {
    EXPECT_TRUE(ed25519_verifies(kKey1, "", kSignature1));
    EXPECT_TRUE(ed25519_verifies(kKey2, "\x72", kSignature2));
}

TEST(Ed25519, RefusesAFlippedBitInAnyByteOfASignature) {
    for (std::size_t i = 0; i < kSignature2.size(); ++i) {
        auto changed = kSignature2;
        changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
        EXPECT_FALSE(ed25519_verifies(kKey2, "\x72", changed)) << "byte " << i;
    }
    EXPECT_FALSE(ed25519_verifies(kKey2, "\x73", kSignature2));
    EXPECT_FALSE(ed25519_verifies(kKey1, "\x72", kSignature2));
}

TEST(Ed25519, RefusesOtherLengths) {
    EXPECT_FALSE(ed25519_verifies(kKey2, "\x72", ""));
    EXPECT_FALSE(ed25519_verifies(kKey2, "\x72", kSignature2.substr(0, 63)));
    EXPECT_FALSE(ed25519_verifies(kKey2, "\x72", kSignature2 + '\0'));
    EXPECT_FALSE(ed25519_verifies("", "\x72", kSignature2));
    EXPECT_FALSE(ed25519_verifies(kKey2.substr(0, 31), "\x72", kSignature2));
    EXPECT_FALSE(ed25519_verifies(kKey2 + '\0', "\x72", kSignature2));
}

// S + L verifies in an implementation that does not reduce S, and would make a second signature of the first.
TEST(Ed25519, RefusesASignatureWithSBeyondTheOrder) {
    auto const order = unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    auto malleated = kSignature1;
    unsigned carry = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        carry +=
            static_cast<unsigned char>(malleated[32 + i]) + static_cast<unsigned>(static_cast<unsigned char>(order[i]));
        malleated[32 + i] = static_cast<char>(carry & 0xff);
        carry >>= 8;
    }
    ASSERT_EQ(carry, 0u);
    EXPECT_FALSE(ed25519_verifies(kKey1, "", malleated));
}

// With the neutral point as key, R = S * B fits every message: here S = 1, so that R is the base point.
TEST(Ed25519, RefusesTheSignatureThatFitsEveryMessageUnderAKeyOfSmallOrder) {
    auto const neutral = unhex("01" + repeated("00", 31));
    auto const fits_all = unhex("58" + repeated("66", 31) + "01" + repeated("00", 31));
    EXPECT_FALSE(ed25519_verifies(neutral, "any message", fits_all));
    EXPECT_FALSE(ed25519_verifies(neutral, "any other message", fits_all));
}

TEST(Ed25519, KnowsTheKeysThatAreNotSound) {
    EXPECT_TRUE(is_sound_ed25519_key(kKey1));
    EXPECT_TRUE(is_sound_ed25519_key(kKey2));
    for (auto const& hex : {
             repeated("00", 32),
             repeated("00", 31) + "80",
             "01" + repeated("00", 31),
             "01" + repeated("00", 30) + "80",
             std::string("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
             std::string("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
             std::string("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
             std::string("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
             "ec" + repeated("ff", 30) + "7f",
             "ec" + repeated("ff", 31),
             "ed" + repeated("ff", 30) + "7f",
             "ee" + repeated("ff", 30) + "7f",
             "ee" + repeated("ff", 31),
             repeated("ff", 32),
         }) {
        EXPECT_FALSE(is_sound_ed25519_key(unhex(hex))) << hex;
    }
    EXPECT_FALSE(is_sound_ed25519_key(kKey1.substr(1)));
}

}  // namespace
}  // namespace lanyard::trust::ed25519_test
