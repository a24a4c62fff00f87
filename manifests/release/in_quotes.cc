#include "manifests/release/in_quotes.h"

namespace lanyard::release {
namespace {

constexpr std::string_view kEscapeDigits = "0123456789abcdef";
constexpr std::size_t kShown = 80;

}  // namespace

std::string in_quotes(std::string_view text) {
    std::string line = "'";
    for (char const c : text.substr(0, kShown)) {
        if (c >= 0x20 && c < 0x7f) {
            line += c;
            continue;
        }
        auto const value = static_cast<unsigned char>(c);
        line += "\\x";
        line += kEscapeDigits[value >> 4];
        line += kEscapeDigits[value & 0xf];
    }
    if (text.size() > kShown) line += "...";
    return line + "'";
}

}  // namespace lanyard::release
