#include "manifests/trust/signature.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>

#include "manifests/trust/ed25519.h"
#include "manifests/trust/raw_bytes.h"

namespace lanyard::trust {
namespace {

constexpr std::size_t kP256KeySize = 64;
constexpr std::size_t kMaxEcdsaSignature = 72;
constexpr std::size_t kMinModulus = 256;
constexpr std::size_t kMaxModulus = 512;
constexpr unsigned long kExponent = 65537;
constexpr int kSaltSize = 32;

template <class T>
using Owned = std::unique_ptr<T, void (*)(T*)>;
using Pkey = Owned<EVP_PKEY>;
using Builder = Owned<OSSL_PARAM_BLD>;

// Null when OpenSSL refuses the parameters.
Pkey public_key_from(char const* type, OSSL_PARAM_BLD* builder) {
    Pkey none(nullptr, EVP_PKEY_free);
    Owned<OSSL_PARAM> const params(OSSL_PARAM_BLD_to_param(builder), OSSL_PARAM_free);
    Owned<EVP_PKEY_CTX> const context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), EVP_PKEY_CTX_free);
    EVP_PKEY* key = nullptr;
    if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
        return none;
    }
    return Pkey(key, EVP_PKEY_free);
}

Pkey p256_key(std::string_view point) {
    Pkey none(nullptr, EVP_PKEY_free);
    if (point.size() != kP256KeySize) return none;
    auto const uncompressed = '\x04' + std::string(point);
    Builder const builder(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
    if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, uncompressed.data(),
                                         uncompressed.size()) != 1) {
        return none;
    }
    // Refuses a point that is not on the curve.
    return public_key_from("EC", builder.get());
}

Pkey rsa_key(std::string_view modulus) {
    Pkey none(nullptr, EVP_PKEY_free);
    // A leading zero would be a second encoding of the same key; an even number is no product of two odd primes.
    bool const one_encoding = modulus.size() >= kMinModulus && modulus.size() <= kMaxModulus &&
                              (modulus.front() & '\x80') != 0 && (modulus.back() & 1) != 0;
    if (!one_encoding) return none;
    Owned<BIGNUM> const n(BN_bin2bn(raw(modulus), static_cast<int>(modulus.size()), nullptr), BN_free);
    Builder const builder(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
    if (!n || !builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_ulong(builder.get(), OSSL_PKEY_PARAM_RSA_E, kExponent) != 1) {
        return none;
    }
    return public_key_from("RSA", builder.get());
}

bool use_pss(EVP_PKEY_CTX* context) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, kSaltSize) > 0;
}

// 1 is the only success; anything else, errors included, is a refusal.
bool sha256_verifies(EVP_PKEY* key, bool pss, std::string_view message, std::string_view signature) {
    Owned<EVP_MD_CTX> const context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_PKEY_CTX* of_key = nullptr;
    return context && EVP_DigestVerifyInit(context.get(), &of_key, EVP_sha256(), nullptr, key) == 1 &&
           (!pss || use_pss(of_key)) &&
           EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(message), message.size()) == 1;
}

// Keys of the two algorithms that OpenSSL has to load.
Pkey loaded(v1::Key const& key) {
    return key.alg() == kAlgEcdsaP256 ? p256_key(key.public_key()) : rsa_key(key.public_key());
}

}  // namespace

bool is_known_algorithm(v1::Key const& key) {
    return key.alg() == kAlgEd25519 || key.alg() == kAlgEcdsaP256 || key.alg() == kAlgRsaPss;
}

bool is_sound_key(v1::Key const& key) {
    if (key.alg() == kAlgEd25519) return is_sound_ed25519_key(key.public_key());
    if (!is_known_algorithm(key)) return false;
    bool const sound = loaded(key) != nullptr;
    if (!sound) ERR_clear_error();
    return sound;
}

bool verifies(v1::Key const& key, std::string_view message, std::string_view signature) {
    if (key.alg() == kAlgEd25519) return ed25519_verifies(key.public_key(), message, signature);
    if (!is_known_algorithm(key)) return false;
    bool const pss = key.alg() == kAlgRsaPss;
    if (pss ? signature.size() != key.public_key().size() : signature.size() > kMaxEcdsaSignature) return false;
    auto const pkey = loaded(key);
    bool const verified = pkey && sha256_verifies(pkey.get(), pss, message, signature);
    // What a bad signature left in this thread's queue must not be reported by somebody else's TLS call.
    if (!verified) ERR_clear_error();
    return verified;
}

}  // namespace lanyard::trust
