#include "tests/support/other_keys.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "manifests/trust/signature.h"

namespace lanyard::support {
namespace {

using Pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

unsigned char* raw(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

void must(bool done) {
    if (!done) throw std::runtime_error("OpenSSL failed");
}

v1::Key message(unsigned alg, std::string bytes) {
    v1::Key key;
    key.set_alg(alg);
    key.set_public_key(std::move(bytes));
    return key;
}

class OtherSigner final : public signing::Signer {
public:
    OtherSigner(Pkey key, v1::Key public_key) : key_(std::move(key)), public_key_(std::move(public_key)) {}

    v1::Key public_key() const override { return public_key_; }

    Result<std::string> sign(std::string_view text) const override {
        std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        EVP_PKEY_CTX* of_key = nullptr;
        auto const* digest = public_key_.alg() == trust::kAlgEd25519 ? nullptr : EVP_sha256();
        must(EVP_DigestSignInit(context.get(), &of_key, digest, nullptr, key_.get()) == 1);
        if (public_key_.alg() == trust::kAlgRsaPss) {
            must(EVP_PKEY_CTX_set_rsa_padding(of_key, RSA_PKCS1_PSS_PADDING) > 0);
            must(EVP_PKEY_CTX_set_rsa_pss_saltlen(of_key, 32) > 0);
        }
        std::string signature(512, '\0');
        auto size = signature.size();
        auto const* bytes = reinterpret_cast<unsigned char const*>(text.data());
        must(EVP_DigestSign(context.get(), raw(signature), &size, bytes, text.size()) == 1);
        signature.resize(size);
        return signature;
    }

private:
    Pkey key_;
    v1::Key public_key_;
};

}  // namespace

std::unique_ptr<signing::Signer> fixed_key(unsigned char secret) {
    std::string seed(32, static_cast<char>(secret));
    Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed), seed.size()), EVP_PKEY_free);
    std::string bytes(32, '\0');
    auto size = bytes.size();
    must(EVP_PKEY_get_raw_public_key(key.get(), raw(bytes), &size) == 1);
    return std::make_unique<OtherSigner>(std::move(key), message(trust::kAlgEd25519, std::move(bytes)));
}

std::unique_ptr<signing::Signer> generate_p256_key() {
    Pkey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
    std::string point(65, '\0');
    std::size_t size = 0;
    must(EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, raw(point), point.size(), &size) == 1);
    must(size == 65 && point.front() == '\x04');
    return std::make_unique<OtherSigner>(std::move(key), message(trust::kAlgEcdsaP256, point.substr(1)));
}

std::unique_ptr<signing::Signer> generate_rsa_key() {
    Pkey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}), EVP_PKEY_free);
    BIGNUM* modulus = nullptr;
    must(EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_RSA_N, &modulus) == 1);
    std::string bytes(256, '\0');
    must(BN_bn2binpad(modulus, raw(bytes), 256) == 256);
    BN_free(modulus);
    return std::make_unique<OtherSigner>(std::move(key), message(trust::kAlgRsaPss, std::move(bytes)));
}

}  // namespace lanyard::support
