#pragma once

#include <string>
#include <string_view>

#include "proto/outcome/result.h"

namespace lanyard::identity {

// What an operator carries to a node by hand: whom to believe, and perhaps a right to be accepted at once. As text it
// is base32 (RFC 4648, small letters, no padding) of version, pin, secret and the first four bytes of the SHA-256 of
// all that, so that a mistyped letter is told.
struct Token {
    static constexpr std::size_t kSecretSize = 16;

    std::string ca_sha256;  // of the fleet CA's certificate (DER), 32 raw bytes
    std::string secret;     // kSecretSize raw bytes; empty: the node waits until an operator accepts it

    std::string to_text() const;
    // Capital letters, and spaces and dashes between letters, do no harm.
    static Result<Token> parse(std::string_view text);
};

}  // namespace lanyard::identity
