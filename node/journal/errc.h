#pragma once

#include <system_error>

namespace lanyard::journal {

enum class Errc {
    under_way = 1,    // the application has an attempt that has not ended
    unknown_attempt,  // never begun, or ended already
    damaged,          // a row holds what this program did not write
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::journal

template <>
struct std::is_error_code_enum<lanyard::journal::Errc> : std::true_type {};
