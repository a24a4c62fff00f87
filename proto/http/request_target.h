#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace lanyard::http {

struct RequestTarget {
    std::string path;   // as Request::path promises
    std::string query;  // raw
};

inline constexpr std::size_t kLongestTarget = 2048;

// The second word of a request line, or the status that refuses it: 400 malformed, 404 a path that nothing here can
// have ("..", "//", backslash, control characters, before or after decoding), 414 over kLongestTarget.
tl::expected<RequestTarget, unsigned> parse_target(std::string_view raw);

}  // namespace lanyard::http
