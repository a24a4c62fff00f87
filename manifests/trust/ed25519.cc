#include "manifests/trust/ed25519.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

#include "manifests/trust/raw_bytes.h"

namespace lanyard::trust {
namespace {

constexpr std::size_t kPointSize = 32;
constexpr std::size_t kSignatureSize = 64;

using Point = std::array<unsigned char, kPointSize>;

// y of the points whose order divides 8, little-endian, with the sign of x cleared. The other spellings of 0 and 1
// (p and p + 1) are not canonical, and refused as such.
constexpr Point kSmallOrder[] = {
    {0},  // order 4
    {1},  // order 1
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},  // order 8
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},  // order 8
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},  // p - 1: order 2
};

// y below p = 2^255 - 19.
bool is_canonical(Point const& y) {
    return y[0] < 0xed || y[kPointSize - 1] != 0x7f ||
           std::any_of(y.begin() + 1, y.end() - 1, [](unsigned char b) { return b != 0xff; });
}

bool is_sound_point(std::string_view encoded) {
    if (encoded.size() != kPointSize) return false;
    Point y;
    std::transform(encoded.begin(), encoded.end(), y.begin(), [](char c) { return static_cast<unsigned char>(c); });
    y.back() &= 0x7f;
    return is_canonical(y) && std::find(std::begin(kSmallOrder), std::end(kSmallOrder), y) == std::end(kSmallOrder);
}

}  // namespace

bool is_sound_ed25519_key(std::string_view public_key) { return is_sound_point(public_key); }

bool ed25519_verifies(std::string_view public_key, std::string_view message, std::string_view signature) {
    if (!is_sound_point(public_key) || signature.size() != kSignatureSize) return false;
    if (!is_sound_point(signature.substr(0, kPointSize))) return false;
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> const key(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(public_key), public_key.size()), EVP_PKEY_free);
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    // 1 is the only success; anything else, errors included, is a refusal.
    bool const verified =
        key && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
        EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(message), message.size()) == 1;
    // What a bad signature left in this thread's queue must not be reported by somebody else's TLS call.
    if (!verified) ERR_clear_error();
    return verified;
}

}  // namespace lanyard::trust
