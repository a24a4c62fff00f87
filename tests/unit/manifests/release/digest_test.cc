#include "manifests/release/digest.h"

#include <gtest/gtest.h>

#include "manifests/release/errc.h"

namespace lanyard::release {
namespace {

std::string const kHex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digest, HexAndRawNameTheSameDigest) {
    auto const digest = Digest::from_hex(kHex);
    ASSERT_TRUE(digest);
    EXPECT_EQ(digest->to_hex(), kHex);
    EXPECT_EQ(digest->to_raw().substr(0, 3), "\xba\x78\x16");
    EXPECT_EQ(Digest::from_raw(digest->to_raw()).value(), *digest);
}

TEST(Digest, RefusesAnySpellingButSixtyFourLowerCaseHexDigits) {
    for (auto const& text : {std::string(), kHex.substr(1), kHex + "0", "B" + kHex.substr(1), "g" + kHex.substr(1),
                             kHex.substr(0, 63) + " ", "0x" + kHex.substr(2)}) {
        auto const digest = Digest::from_hex(text);
        ASSERT_FALSE(digest) << text;
        EXPECT_EQ(digest.error().code, Errc::malformed_digest) << text;
        EXPECT_EQ(digest.error().code, Kind::usage) << text;
    }
}

TEST(Digest, RefusesRawBytesOfAnotherLength) {
    EXPECT_FALSE(Digest::from_raw(""));
    EXPECT_FALSE(Digest::from_raw(std::string(31, 'x')));
    EXPECT_FALSE(Digest::from_raw(std::string(33, 'x')));
}

TEST(Digest, IsOrderedAsItsHexIs) {
    auto const low = Digest::from_hex("7f" + std::string(62, '0')).value();
    auto const high = Digest::from_hex("80" + std::string(62, '0')).value();
    EXPECT_LT(low, high);
}

}  // namespace
}  // namespace lanyard::release
