#include "proto/identity/key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <cstdlib>

#include "proto/identity/errc.h"

namespace lanyard::identity {
namespace {

using Pkey = std::shared_ptr<EVP_PKEY>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using MdContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

constexpr std::size_t kMostKeyBytes = 256;
constexpr std::size_t kMostSignatureBytes = 80;
constexpr std::size_t kNodeIdDigits = 32;

unsigned char const* bytes_of(std::string_view text) { return reinterpret_cast<unsigned char const*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

tl::unexpected<Error> openssl_failed(char const* what) {
    ERR_clear_error();
    return fail(Errc::failed, std::string("OpenSSL could not ") + what + "; is the machine out of memory?");
}

bool is_p256(EVP_PKEY* key) {
    char group[32] = {};
    std::size_t size = 0;
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, group, sizeof(group), &size) == 1 &&
           std::string_view(group) == "prime256v1";
}

// Without it, OpenSSL asks for the passphrase on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

std::string signed_bytes(Purpose purpose, std::string_view message) {
    std::string bytes = purpose == Purpose::report ? "lanyard report v1\n" : "lanyard enrolment v1\n";
    return bytes.append(message);
}

Pkey public_key_from(std::string_view der) {
    if (der.size() > kMostKeyBytes) return nullptr;
    auto const* at = bytes_of(der);
    Pkey key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())), EVP_PKEY_free);
    ERR_clear_error();
    // Trailing bytes would make two names of one key.
    if (!key || at != bytes_of(der) + der.size() || !is_p256(key.get())) return nullptr;
    return key;
}

}  // namespace

Result<Key> Key::of(std::shared_ptr<evp_pkey_st> key) {
    int const size = i2d_PUBKEY(key.get(), nullptr);
    if (size <= 0) return openssl_failed("give a public key");
    std::string der(static_cast<std::size_t>(size), '\0');
    auto* at = bytes_of(der);
    if (i2d_PUBKEY(key.get(), &at) != size) return openssl_failed("give a public key");
    return Key(std::move(key), std::move(der));
}

Result<Key> Key::generate() {
    Pkey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
    if (!key) return openssl_failed("make a key");
    return of(std::move(key));
}

Result<Key> Key::from_pem(std::string_view pem, std::string const& origin) {
    Bio const bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    if (!bio) return openssl_failed("read a key");
    Pkey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr), EVP_PKEY_free);
    ERR_clear_error();
    if (!key || !is_p256(key.get())) {
        return fail(Errc::malformed_key,
                    origin + " holds no P-256 private key in PEM without a passphrase; put the " + "right file there");
    }
    return of(std::move(key));
}

Result<std::string> Key::to_pem() const {
    Bio const bio(BIO_new(BIO_s_mem()), BIO_free);
    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        return openssl_failed("write a key");
    }
    char* text = nullptr;
    auto const size = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

Result<std::string> Key::sign(Purpose purpose, std::string_view message) const {
    auto const bytes = signed_bytes(purpose, message);
    MdContext const context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    std::string signature(kMostSignatureBytes, '\0');
    auto size = signature.size();
    bool const done =
        context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
        EVP_DigestSign(context.get(), bytes_of(signature), &size, bytes_of(std::string_view(bytes)), bytes.size()) == 1;
    if (!done) return openssl_failed("sign");
    signature.resize(size);
    return signature;
}

Status verify(std::string_view public_key, Purpose purpose, std::string_view message, std::string_view signature) {
    auto const key = public_key_from(public_key);
    if (!key) return fail(Errc::malformed_key, "the public key is not one of P-256; this program makes no other");
    auto const bytes = signed_bytes(purpose, message);
    MdContext const context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    if (!context || EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1) {
        return openssl_failed("verify a signature");
    }
    bool const good = signature.size() <= kMostSignatureBytes &&
                      EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                                       bytes_of(std::string_view(bytes)), bytes.size()) == 1;
    ERR_clear_error();
    if (good) return {};
    return fail(Errc::wrong_signature, "the signature was not made by this key over these bytes");
}

std::string node_id_of(std::string_view public_key) { return to_hex(sha256(public_key)).substr(0, kNodeIdDigits); }

std::string sha256(std::string_view bytes) {
    std::string digest(32, '\0');
    // Fails only without memory or without any SHA-256 in the library.
    if (EVP_Digest(bytes.data(), bytes.size(), bytes_of(digest), nullptr, EVP_sha256(), nullptr) != 1) std::abort();
    return digest;
}

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    // A secret that is none must never leave: nothing sensible can be done without randomness.
    if (RAND_bytes(bytes_of(bytes), static_cast<int>(count)) != 1) std::abort();
    return bytes;
}

std::string to_hex(std::string_view bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string hex;
    hex.reserve(2 * bytes.size());
    for (auto const c : bytes) {
        auto const byte = static_cast<unsigned char>(c);
        hex += kDigits[byte >> 4];
        hex += kDigits[byte & 15];
    }
    return hex;
}

}  // namespace lanyard::identity
