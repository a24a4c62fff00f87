#include "proto/http/byte_range.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace lanyard::http {
namespace {

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    auto const* const end = text.data() + text.size();
    auto const [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stopped != end) return std::nullopt;
    return value;
}

ByteRange part(std::uint64_t first, std::uint64_t length) {
    return {length == 0 ? ByteRange::Kind::unsatisfiable : ByteRange::Kind::part, first, length};
}

}  // namespace

ByteRange parse_range(std::string_view header, std::uint64_t size) {
    constexpr std::string_view kUnit = "bytes=";
    ByteRange const whole{ByteRange::Kind::whole, 0, size};
    if (header.substr(0, kUnit.size()) != kUnit) return whole;
    header.remove_prefix(kUnit.size());
    auto const dash = header.find('-');
    if (dash == std::string_view::npos) return whole;
    auto const first = parse_number(header.substr(0, dash));
    auto const last = parse_number(header.substr(dash + 1));
    bool const open_end = dash + 1 == header.size();

    if (dash == 0) {
        if (!last) return whole;
        auto const length = std::min(*last, size);
        return part(size - length, length);
    }
    if (!first || (!last && !open_end) || (last && *last < *first)) return whole;
    if (*first >= size) return part(*first, 0);
    return part(*first, (last ? std::min(*last, size - 1) : size - 1) - *first + 1);
}

}  // namespace lanyard::http
