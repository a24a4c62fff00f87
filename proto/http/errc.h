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
    malformed_network,
    unusable_certificate,  // or key: not PEM, or one does not fit the other
    unknown_ca,            // the server's certificate was not signed by the CA that is trusted
    wrong_name,            // it is for other names
    certificate_expired,   // or not valid yet
    not_tls,               // or only an older one than 1.3
    certificate_refused,   // the server does not accept this side's certificate, or wants one
    tampered,              // what arrives is not what was sent
    no_answer,             // to an order that was sent: it may have been carried out
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::http

template <>
struct std::is_error_code_enum<lanyard::http::Errc> : std::true_type {};
