#pragma once

#include <system_error>

namespace lanyard::check {

enum class Errc {
    malformed_answer = 1,  // the seeder answered with something that is not the message asked for
    not_joined,            // no trusted root in the state
    broken_off,            // a verification that did not come to its end: as good as refused
    not_admitted,          // the seeder does not answer this node: it has not been accepted, or was revoked
    held_back,             // an offer that this node does not take; the detail says why
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::check

template <>
struct std::is_error_code_enum<lanyard::check::Errc> : std::true_type {};
