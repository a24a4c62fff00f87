#include "manifests/signing/signer.h"

#include <openssl/err.h>

#include <set>
#include <utility>

#include "manifests/signing/errc.h"
#include "manifests/signing/pkey.h"
#include "proto/schema/lanyard/v1/envelope.pb.h"

namespace lanyard::signing {
namespace {

constexpr std::uint32_t kAlgEd25519 = 1;
constexpr std::size_t kKeySize = 32;
constexpr std::size_t kSignatureSize = 64;

class Ed25519Signer final : public Signer {
public:
    Ed25519Signer(Pkey key, v1::Key public_key) : key_(std::move(key)), public_key_(std::move(public_key)) {}

    v1::Key public_key() const override { return public_key_; }

    Result<std::string> sign(std::string_view message) const override {
        std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        std::string signature(kSignatureSize, '\0');
        auto size = signature.size();
        auto const* bytes = reinterpret_cast<unsigned char const*>(message.data());
        bool const done = context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
                          EVP_DigestSign(context.get(), raw(signature), &size, bytes, message.size()) == 1 &&
                          size == kSignatureSize;
        if (!done) return openssl_failed("sign");
        return signature;
    }

private:
    Pkey key_;
    v1::Key public_key_;
};

}  // namespace

tl::unexpected<Error> openssl_failed(char const* what) {
    ERR_clear_error();
    return fail(Errc::failed, std::string("OpenSSL could not ") + what + "; is the machine out of memory?");
}

Result<Pkey> fresh_key() {
    Pkey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
    if (!key) return openssl_failed("make a key");
    return key;
}

Result<v1::Key> public_key_of(EVP_PKEY* key) {
    std::string public_key(kKeySize, '\0');
    auto size = public_key.size();
    if (EVP_PKEY_get_raw_public_key(key, raw(public_key), &size) != 1 || size != kKeySize) {
        return openssl_failed("give the public key");
    }
    v1::Key message;
    message.set_alg(kAlgEd25519);
    message.set_public_key(public_key);
    return message;
}

Result<std::unique_ptr<Signer>> signer_with(Pkey key) {
    auto public_key = public_key_of(key.get());
    if (!public_key) return pass_on(public_key);
    return std::make_unique<Ed25519Signer>(std::move(key), std::move(*public_key));
}

Result<std::unique_ptr<Signer>> generate_key() {
    auto key = fresh_key();
    if (!key) return pass_on(key);
    return signer_with(std::move(*key));
}

Result<std::string> sign_envelope(trust::RoleName role, std::string_view payload,
                                  std::span<Signer const* const> signers) {
    if (signers.empty()) return fail(Errc::no_signature, std::string("nobody is there to sign the ") + text(role));
    v1::Envelope envelope;
    envelope.set_payload(payload.data(), payload.size());
    envelope.set_payload_type(trust::payload_type(role));
    auto const message = trust::pae(envelope.payload_type(), payload);
    std::set<std::string> ids;
    for (auto const* signer : signers) {
        auto const id = trust::key_id(signer->public_key()).to_raw();
        if (!ids.insert(id).second) {
            return fail(Errc::no_signature, std::string("one key would sign the ") + text(role) + " twice");
        }
        auto signature = signer->sign(message);
        if (!signature) return pass_on(signature, std::string("signing the ") + text(role));
        auto& entry = *envelope.add_signatures();
        entry.set_keyid(id);
        entry.set_sig(std::move(*signature));
    }
    return envelope.SerializeAsString();
}

}  // namespace lanyard::signing
