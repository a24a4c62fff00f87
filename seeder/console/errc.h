#pragma once

#include <system_error>

namespace lanyard::console {

enum class Errc {
    wrong_usage = 1,
    malformed_config,
    not_initialised,
    initialised_already,
    serving_already,
    no_such_release,
    wrong_key,
    no_such_file,
    release_not_believed,
    busy,
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::console

template <>
struct std::is_error_code_enum<lanyard::console::Errc> : std::true_type {};
