#pragma once

#include <system_error>

namespace lanyard::gate {

enum class Errc {
    malformed_window = 1,
    unknown_zone,
    malformed_time,
    nothing_waits,
    refused,
    too_long,
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::gate

template <>
struct std::is_error_code_enum<lanyard::gate::Errc> : std::true_type {};
