#pragma once

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <memory>
#include <string>

#include "manifests/signing/signer.h"

namespace lanyard::signing {

// What the sources of this room share.

using Pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// Bytes of a private key or a passphrase: gone from memory when this goes.
struct Secret {
    std::string bytes;

    Secret() = default;
    explicit Secret(std::string secret) : bytes(std::move(secret)) {}
    Secret(Secret const&) = delete;
    Secret& operator=(Secret const&) = delete;
    ~Secret() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

inline unsigned char* raw(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

tl::unexpected<Error> openssl_failed(char const* what);

Result<Pkey> fresh_key();
Result<v1::Key> public_key_of(EVP_PKEY* key);
Result<std::unique_ptr<Signer>> signer_with(Pkey key);

}  // namespace lanyard::signing
