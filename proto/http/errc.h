#pragma once

#include <system_error>

namespace lanyard::http {

enum class Errc {
    malformed_url = 1,
    unreachable,  // no connection, or it broke
    timed_out,
    too_large,  // the body exceeds the caller's limit
    refused,    // an HTTP status other than the ones the caller accepts
    not_found,  // 404
    busy,       // 429 or 503; see ClientResponse::retry_after
    malformed_answer,
    address_in_use,
    unusable_address,  // not an IP address, or not one of this machine, or a port that needs privileges
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::http

template <>
struct std::is_error_code_enum<lanyard::http::Errc> : std::true_type {};
