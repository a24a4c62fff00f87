#pragma once

#include <system_error>

namespace lanyard::release {

enum class Errc {
    malformed_digest = 1,
    malformed_version,
    malformed_name,
    unknown_platform,
    malformed_target,
    unknown_package_type,
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::release

template <>
struct std::is_error_code_enum<lanyard::release::Errc> : std::true_type {};
