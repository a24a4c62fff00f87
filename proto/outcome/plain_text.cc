#include "proto/outcome/plain_text.h"

#include <array>

namespace lanyard {
namespace {

bool between(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

}  // namespace

std::optional<char32_t> take_code_point(std::string_view& text) {
    auto const lead = static_cast<unsigned char>(text.front());
    std::size_t const length = lead < 0x80   ? 1
                               : lead < 0xc2 ? 0
                               : lead < 0xe0 ? 2
                               : lead < 0xf0 ? 3
                               : lead < 0xf5 ? 4
                                             : 0;
    if (length == 0 || text.size() < length) return std::nullopt;
    char32_t point = length == 1 ? lead : lead & (0x7fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
        auto const next = static_cast<unsigned char>(text[i]);
        if ((next & 0xc0) != 0x80) return std::nullopt;
        point = point << 6 | (next & 0x3f);
    }
    constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[length] || between(point, 0xd800, 0xdfff) || point > 0x10ffff) return std::nullopt;
    text.remove_prefix(length);
    return point;
}

bool is_control(char32_t c) { return c < 0x20 || between(c, 0x7f, 0x9f); }

bool is_invisible(char32_t c) {
    return c == 0xad || c == 0x61c || between(c, 0x200b, 0x200f) || between(c, 0x2028, 0x202e) ||
           between(c, 0x2060, 0x206f) || c == 0xfeff || between(c, 0xe0000, 0xe0fff);
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        if (!take_code_point(text)) return false;
    }
    return true;
}

bool is_plain(std::string_view text) {
    while (!text.empty()) {
        auto const c = take_code_point(text);
        if (!c || is_control(*c) || is_invisible(*c)) return false;
    }
    return true;
}

std::string as_plain(std::string_view text) {
    std::string plain;
    while (!text.empty()) {
        auto const before = text;
        auto const c = take_code_point(text);
        if (!c) text.remove_prefix(1);
        bool const stays = c && !is_control(*c) && !is_invisible(*c);
        plain += stays ? before.substr(0, before.size() - text.size()) : std::string_view("?");
    }
    return plain;
}

}  // namespace lanyard
