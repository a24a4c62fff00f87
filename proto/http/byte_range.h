#pragma once

#include <cstdint>
#include <string_view>

namespace lanyard::http {

// The part of a file that a `Range` header asks for (RFC 7233).
struct ByteRange {
    enum class Kind { whole, part, unsatisfiable };
    Kind kind = Kind::whole;
    std::uint64_t first = 0;
    std::uint64_t length = 0;
};

// `header`: "bytes=a-b", "bytes=a-" or "bytes=-n". Anything else, several ranges included, is the whole file, as the
// RFC allows. Unsatisfiable: begins at or behind the end.
ByteRange parse_range(std::string_view header, std::uint64_t size);

}  // namespace lanyard::http
