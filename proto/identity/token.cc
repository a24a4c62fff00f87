#include "proto/identity/token.h"

#include <cstdint>

#include "proto/identity/errc.h"
#include "proto/identity/key.h"

namespace lanyard::identity {
namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr char kVersion = 1;
constexpr std::size_t kPinSize = 32;
constexpr std::size_t kCheckSize = 4;
constexpr std::size_t kLongestText = 200;

std::string base32(std::string_view bytes) {
    std::string text;
    std::uint32_t held = 0;
    int bits = 0;
    for (auto const c : bytes) {
        held = held << 8 | static_cast<unsigned char>(c);
        for (bits += 8; bits >= 5; bits -= 5) text += kAlphabet[held >> (bits - 5) & 31];
        held &= (1u << bits) - 1;
    }
    if (bits > 0) text += kAlphabet[held << (5 - bits) & 31];
    return text;
}

// Nothing when a character is foreign.
Result<std::string> unbase32(std::string_view text) {
    std::string bytes;
    std::uint32_t held = 0;
    int bits = 0;
    for (auto c : text) {
        if (c == '-' || c == ' ') continue;
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        auto const value = kAlphabet.find(c);
        if (value == std::string_view::npos) {
            return fail(
                Errc::malformed_token,
                "the token holds a character that no token has: it is made of a to z and 2 to 7; copy it again");
        }
        held = held << 5 | static_cast<std::uint32_t>(value);
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            bytes += static_cast<char>(held >> bits & 255);
        }
        held &= (1u << bits) - 1;
    }
    // What is left over of the last letter stands for nothing; a whole letter does not.
    if (bits >= 5 || held != 0)
        return fail(Errc::malformed_token, "the token does not end where one ends; copy it again");
    return bytes;
}

}  // namespace

std::string Token::to_text() const {
    auto bytes = std::string(1, kVersion) + ca_sha256 + secret;
    bytes += sha256(bytes).substr(0, kCheckSize);
    return base32(bytes);
}

Result<Token> Token::parse(std::string_view text) {
    if (text.size() > kLongestText)
        return fail(Errc::malformed_token, "the token is too long to be one; copy it again");
    auto const bytes = unbase32(text);
    if (!bytes) return pass_on(bytes);
    constexpr auto kPinOnly = 1 + kPinSize + kCheckSize;
    if (bytes->size() != kPinOnly && bytes->size() != kPinOnly + kSecretSize) {
        return fail(Errc::malformed_token, "the token is not whole: it has 60 or 85 letters; copy all of it");
    }
    auto const body = bytes->substr(0, bytes->size() - kCheckSize);
    if (sha256(body).substr(0, kCheckSize) != bytes->substr(body.size())) {
        return fail(Errc::malformed_token,
                    "the token has a mistyped letter: its checksum does not hold; copy it again");
    }
    if (body.front() != kVersion) {
        return fail(Errc::malformed_token, "the token is of a newer form than this program knows; update the program");
    }
    return Token{body.substr(1, kPinSize), body.substr(1 + kPinSize)};
}

}  // namespace lanyard::identity
