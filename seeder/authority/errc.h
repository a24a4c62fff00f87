#pragma once

#include <system_error>

namespace lanyard::authority {

enum class Errc {
    malformed = 1,   // a name, a role or a request that is not what it must be
    refused,         // the one who asks may not: unknown, revoked, rejected, a token that does not hold
    too_many,        // no room for another one now
    unknown,         // no such node, token or operator
    ambiguous,       // several nodes are meant
    exists_already,  // the name of an operator is taken
    unusable_ca,     // the CA's key or certificate cannot be used
    failed,          // the cryptographic library could not do what it always can
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::authority

template <>
struct std::is_error_code_enum<lanyard::authority::Errc> : std::true_type {};
