#pragma once

#include <system_error>

namespace lanyard::probe {

enum class Errc {
    unhealthy = 1,  // never became healthy, or did not stay so
    port_closed,    // a declared port does not listen
    no_answer,      // the health check could not be carried out, or said no
    given_up,       // the node is to end: nothing is known of the release
    called_off,     // somebody has decided about the release otherwise
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::probe

template <>
struct std::is_error_code_enum<lanyard::probe::Errc> : std::true_type {};
