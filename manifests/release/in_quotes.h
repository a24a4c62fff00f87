#pragma once

#include <string>
#include <string_view>

namespace lanyard::release {

// Text from outside, fit for a one-line message: in single quotes, everything but printable ASCII as \xNN, cut with
// "..." after 80 characters of the original.
std::string in_quotes(std::string_view text);

}  // namespace lanyard::release
