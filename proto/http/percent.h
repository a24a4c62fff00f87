#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lanyard::http {

// RFC 3986 section 2.1, decoded once into raw bytes; nothing when an escape is malformed. '+' stays '+'.
std::optional<std::string> percent_decode(std::string_view text);

// Everything but unreserved characters (RFC 3986, 2.3) escaped, '/' too: fit for one segment of a path.
std::string percent_encode(std::string_view text);

}  // namespace lanyard::http
