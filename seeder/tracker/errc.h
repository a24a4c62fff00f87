#pragma once

#include <system_error>

namespace lanyard::tracker {

enum class Errc {
    malformed_announce = 1,
    unknown_info_hash,  // no live package has it
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::tracker

template <>
struct std::is_error_code_enum<lanyard::tracker::Errc> : std::true_type {};
