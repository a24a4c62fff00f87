#pragma once

#include <system_error>

namespace lanyard::signing {

enum class Errc {
    key_exists = 1,
    no_key_file,
    key_exposed,    // others may read or change the file
    malformed_key,  // not an Ed25519 key in PKCS#8 PEM without a passphrase
    no_signature,   // nobody to sign, or one key twice
    failed,         // OpenSSL did not do it
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::signing

template <>
struct std::is_error_code_enum<lanyard::signing::Errc> : std::true_type {};
