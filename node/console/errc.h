#pragma once

#include <system_error>

namespace lanyard::console {

enum class Errc {
    malformed_config = 1,
    wrong_usage,
    not_joined,
    joined_already,
    unusable_state,
    already_running,
    not_running,
    wrong_root_digest,
    unknown_app,
    nothing_to_do,
    update_failed,
    malformed_message,
    write_failed,
    no_such_file,
    malformed_facts,
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::console

template <>
struct std::is_error_code_enum<lanyard::console::Errc> : std::true_type {};
