#include "manifests/signing/signer.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <fstream>
#include <set>
#include <utility>

#include "manifests/signing/errc.h"
#include "proto/schema/lanyard/v1/envelope.pb.h"

namespace lanyard::signing {
namespace {

constexpr std::uint32_t kAlgEd25519 = 1;
constexpr std::size_t kKeySize = 32;
constexpr std::size_t kSignatureSize = 64;
constexpr std::size_t kMaxPemBytes = 4096;

using Pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

// Bytes of a private key: gone from memory when this goes.
struct Secret {
    std::string bytes;

    Secret() = default;
    Secret(Secret const&) = delete;
    Secret& operator=(Secret const&) = delete;
    ~Secret() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

unsigned char* raw(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

tl::unexpected<Error> openssl_failed(char const* what) {
    ERR_clear_error();
    return fail(Errc::failed, std::string("OpenSSL could not ") + what + "; is the machine out of memory?");
}

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

Result<std::unique_ptr<Signer>> signer_with(Pkey key) {
    std::string public_key(kKeySize, '\0');
    auto size = public_key.size();
    if (EVP_PKEY_get_raw_public_key(key.get(), raw(public_key), &size) != 1 || size != kKeySize) {
        return openssl_failed("give the public key");
    }
    v1::Key message;
    message.set_alg(kAlgEd25519);
    message.set_public_key(public_key);
    return std::make_unique<Ed25519Signer>(std::move(key), std::move(message));
}

Result<Pkey> fresh_key() {
    Pkey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
    if (!key) return openssl_failed("make a key");
    return key;
}

Status put_pem(EVP_PKEY* key, Secret& pem) {
    Bio const bio(BIO_new(BIO_s_mem()), BIO_free);
    char* text = nullptr;
    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        return openssl_failed("write the key");
    }
    auto const size = BIO_get_mem_data(bio.get(), &text);
    pem.bytes.assign(text, static_cast<std::size_t>(size));
    OPENSSL_cleanse(text, static_cast<std::size_t>(size));
    return {};
}

// Without it, OpenSSL asks for the passphrase on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

Result<Pkey> key_from_pem(std::string const& pem, std::filesystem::path const& path) {
    Bio const bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    if (!bio) return openssl_failed("read the key");
    Pkey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr), EVP_PKEY_free);
    ERR_clear_error();
    if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
        return fail(Errc::malformed_key, path.string() + " holds no Ed25519 private key in PEM without a passphrase; " +
                                             "put the right file there");
    }
    return key;
}

Status check_is_private(std::filesystem::path const& path) {
    using std::filesystem::perms;
    std::error_code failed;
    auto const status = std::filesystem::status(path, failed);
    if (status.type() == std::filesystem::file_type::not_found) {
        return fail(Errc::no_key_file, path.string() + " does not exist; put the key file back");
    }
    if (!std::filesystem::is_regular_file(status)) {
        return fail(Errc::malformed_key, path.string() + " is no file, or in a directory that cannot be read; " +
                                             "put the key file there");
    }
    if ((status.permissions() & (perms::group_all | perms::others_all)) != perms::none) {
        return fail(Errc::key_exposed,
                    path.string() + " can be used by others than its owner, who may have copied it; " +
                        "make it private (chmod 600), and replace the key if somebody could read it");
    }
    return {};
}

Status read_pem(std::filesystem::path const& path, Secret& pem) {
    std::ifstream file(path, std::ios::binary);
    pem.bytes.resize(kMaxPemBytes + 1);
    file.read(pem.bytes.data(), static_cast<std::streamsize>(pem.bytes.size()));
    if (!file.is_open() || file.bad()) {
        return fail(Errc::malformed_key, path.string() + " cannot be read; is this the user that made it?");
    }
    auto const size = static_cast<std::size_t>(file.gcount());
    if (size > kMaxPemBytes) {
        return fail(Errc::malformed_key, path.string() + " is too large for a key; put the right file there");
    }
    pem.bytes.resize(size);
    return {};
}

}  // namespace

Result<std::unique_ptr<Signer>> generate_key() {
    auto key = fresh_key();
    if (!key) return pass_on(key);
    return signer_with(std::move(*key));
}

Result<std::unique_ptr<Signer>> generate_key_file(std::filesystem::path const& path, WriteNewFile const& write) {
    auto key = fresh_key();
    if (!key) return pass_on(key);
    Secret pem;
    if (auto const put = put_pem(key->get(), pem); !put) return pass_on(put);
    if (auto const written = write(path, pem.bytes); !written) {
        if (written.error().code == std::errc::file_exists) {
            return fail(Errc::key_exists, path.string() +
                                              " exists already and is not replaced: it may be the only copy "
                                              "of a key; move it away first");
        }
        return pass_on(written);
    }
    return signer_with(std::move(*key));
}

Result<std::unique_ptr<Signer>> load_key_file(std::filesystem::path const& path) {
    if (auto const closed = check_is_private(path); !closed) return pass_on(closed);
    Secret pem;
    if (auto const read = read_pem(path, pem); !read) return pass_on(read);
    auto key = key_from_pem(pem.bytes, path);
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
