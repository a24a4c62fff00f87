#pragma once

#include <system_error>

namespace lanyard::stage {

enum class Errc {
    disk_full = 1,  // the release does not fit
    unusable_home,  // staging/ cannot be made, or is something else than a directory
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::stage

template <>
struct std::is_error_code_enum<lanyard::stage::Errc> : std::true_type {};
