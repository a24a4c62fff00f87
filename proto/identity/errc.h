#pragma once

#include <system_error>

namespace lanyard::identity {

enum class Errc {
    malformed_key = 1,
    malformed_certificate,
    malformed_token,
    wrong_signature,
    failed,  // the cryptographic library could not do what it always can
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::identity

template <>
struct std::is_error_code_enum<lanyard::identity::Errc> : std::true_type {};
