#include "seeder/console/utf8.h"

#include <cstddef>

namespace lanyard::console {
namespace {

// Length of the character that begins with `lead`, and what its second byte may be.
struct Shape {
    std::size_t length = 0;
    unsigned char least = 0x80;
    unsigned char most = 0xBF;
};

Shape shape_of(unsigned char lead) {
    if (lead < 0x80) return {1};
    if (lead >= 0xC2 && lead <= 0xDF) return {2};
    if (lead == 0xE0) return {3, 0xA0, 0xBF};
    if (lead == 0xED) return {3, 0x80, 0x9F};
    if (lead >= 0xE1 && lead <= 0xEF) return {3};
    if (lead == 0xF0) return {4, 0x90, 0xBF};
    if (lead >= 0xF1 && lead <= 0xF3) return {4};
    if (lead == 0xF4) return {4, 0x80, 0x8F};
    return {0};
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
        auto const shape = shape_of(byte(0));
        if (shape.length == 0 || shape.length > text.size()) return false;
        if (shape.length > 1 && (byte(1) < shape.least || byte(1) > shape.most)) return false;
        for (std::size_t i = 2; i < shape.length; ++i) {
            if ((byte(i) & 0xC0U) != 0x80U) return false;
        }
        text.remove_prefix(shape.length);
    }
    return true;
}

}  // namespace lanyard::console
