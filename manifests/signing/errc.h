#pragma once

#include <system_error>

namespace lanyard::signing {

enum class Errc {
    key_exists = 1,
    no_key_file,
    key_exposed,    // others may read or change the file
    malformed_key,  // not an Ed25519 key in PKCS#8 PEM, or under a passphrase that nobody can be asked for
    no_signature,   // nobody to sign, or one key twice
    failed,         // OpenSSL did not do it
    wrong_passphrase,
    malformed_request,  // no signing request, or one that asks for what nobody may sign
    other_request,      // two files that are not about the same thing
    no_say,             // the key is none that the request asks for
    bad_signature,
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::signing

template <>
struct std::is_error_code_enum<lanyard::signing::Errc> : std::true_type {};
