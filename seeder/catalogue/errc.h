#pragma once

#include <system_error>

namespace lanyard::catalogue {

enum class Errc {
    published_already = 1,
    no_such_release,
    withdrawn_already,
    damaged_row,      // a row does not hold what this room once wrote
    not_initialised,  // no repository has been founded in this database
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::catalogue

template <>
struct std::is_error_code_enum<lanyard::catalogue::Errc> : std::true_type {};
