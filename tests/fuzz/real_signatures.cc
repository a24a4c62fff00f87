// Ed25519 by OpenSSL, with the secret keys that belong to fixed_keys.cc.
#include <openssl/evp.h>

#include <memory>

#include "tests/fuzz/fixed_keys.h"
#include "tests/fuzz/fuzz.h"

namespace lanyard::fuzz {

std::string sign(unsigned i, std::string_view message) {
    std::array<unsigned char, 32> secret;
    secret.fill(static_cast<unsigned char>(i + 1));
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> const key(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, secret.data(), secret.size()), EVP_PKEY_free);
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    std::string signature(64, '\0');
    auto size = signature.size();
    bool const done = key && context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
                      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                     reinterpret_cast<unsigned char const*>(message.data()), message.size()) == 1;
    must(done, "a key signs");
    return signature;
}

}  // namespace lanyard::fuzz
