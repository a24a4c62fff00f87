#pragma once

#include <system_error>

namespace lanyard::drain {

enum class Errc {
    cannot_run = 1,   // the command could not be started at all
    command_failed,   // it returned, and not with 0
    timed_out,        // it did not return in time
    still_listening,  // a port is open that should be closed
    ports_unknown,    // the system does not say which ports are open
    not_now,          // the application does not want to be stopped
    cannot_hold,      // a listening socket cannot be held for an application
    token_refused,    // the new release does not take over the work of the old one
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::drain

template <>
struct std::is_error_code_enum<lanyard::drain::Errc> : std::true_type {};
