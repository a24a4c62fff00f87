#pragma once

#include <system_error>

namespace lanyard::announce {

enum class Errc {
    overloaded = 1,  // more has come in than can be written down; ask again later
    no_certificate,  // the caller has shown none
    not_admitted,    // the caller is known, and may not; or nobody knows it
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::announce

template <>
struct std::is_error_code_enum<lanyard::announce::Errc> : std::true_type {};
