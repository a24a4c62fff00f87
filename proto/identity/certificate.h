#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "proto/outcome/result.h"

namespace lanyard::identity {

// What the fleet CA says in a certificate.
struct Certificate {
    std::string common_name;  // the id of a node, the name of an operator, the host of the seeder
    std::string role;         // "node", "publisher", "operator", "viewer"; empty: the seeder or the CA
    std::chrono::sys_seconds not_before{};
    std::chrono::sys_seconds not_after{};
    std::string public_key;   // SubjectPublicKeyInfo, DER
    std::string fingerprint;  // SHA-256 of the DER, 32 raw bytes
};

// Reads; believes nothing: whether the CA has signed it is for TLS to find out.
Result<Certificate> read_certificate(std::string_view pem);

// Stands in a URI of subjectAltName, with the role behind it.
inline constexpr std::string_view kRolePrefix = "lanyard:role:";

}  // namespace lanyard::identity
