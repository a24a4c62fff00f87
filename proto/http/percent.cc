#include "proto/http/percent.h"

namespace lanyard::http {
namespace {

std::optional<unsigned> hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return std::nullopt;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            decoded += text[at];
            continue;
        }
        if (text.size() - at < 3) return std::nullopt;
        auto const high = hex_digit(text[at + 1]);
        auto const low = hex_digit(text[at + 2]);
        if (!high || !low) return std::nullopt;
        decoded += static_cast<char>(*high << 4 | *low);
        at += 2;
    }
    return decoded;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    constexpr std::string_view kHexDigits = "0123456789ABCDEF";
    std::string encoded;
    for (char const c : text) {
        if (kUnreserved.find(c) != std::string_view::npos) {
            encoded += c;
            continue;
        }
        auto const value = static_cast<unsigned char>(c);
        encoded += {'%', kHexDigits[value >> 4], kHexDigits[value & 0xf]};
    }
    return encoded;
}

}  // namespace lanyard::http
