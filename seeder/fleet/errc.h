#pragma once

#include <system_error>

namespace lanyard::fleet {

enum class Errc {
    malformed = 1,   // a check or report holds something that a node never sends
    too_many_nodes,  // the fleet is larger than this seeder keeps account of
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::fleet

template <>
struct std::is_error_code_enum<lanyard::fleet::Errc> : std::true_type {};
