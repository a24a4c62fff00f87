#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "manifests/signing/errc.h"
#include "manifests/signing/pkey.h"
#include "manifests/signing/signer.h"

namespace lanyard::signing {
namespace {

constexpr std::size_t kMaxPemBytes = 4096;
// A guess at the passphrase of a stolen file costs a fifth of a second (OWASP 2023 for PBKDF2 with HMAC-SHA-256).
constexpr int kIterations = 600'000;
constexpr char const* kPublic = "-----BEGIN PUBLIC KEY-----";
constexpr char const* kEncrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----";

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Pkcs8 = std::unique_ptr<PKCS8_PRIV_KEY_INFO, decltype(&PKCS8_PRIV_KEY_INFO_free)>;
using Algorithm = std::unique_ptr<X509_ALGOR, decltype(&X509_ALGOR_free)>;
using Sealed = std::unique_ptr<X509_SIG, decltype(&X509_SIG_free)>;

Bio bio_of(std::string const& pem) { return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free}; }

bool write_plain(BIO* out, EVP_PKEY* key) {
    return PEM_write_bio_PKCS8PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
}

// By hand, because PEM_write_bio_PKCS8PrivateKey() takes no number of iterations (and its own is 2048).
bool write_sealed(BIO* out, EVP_PKEY* key, std::string_view passphrase) {
    Pkcs8 const plain(EVP_PKEY2PKCS8(key), PKCS8_PRIV_KEY_INFO_free);
    Algorithm algorithm(PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), kIterations, nullptr, 16, nullptr, NID_hmacWithSHA256),
                        X509_ALGOR_free);
    if (!plain || !algorithm) return false;
    Sealed const sealed(
        PKCS8_set0_pbe(passphrase.data(), static_cast<int>(passphrase.size()), plain.get(), algorithm.get()),
        X509_SIG_free);
    if (!sealed) return false;
    static_cast<void>(algorithm.release());  // `sealed` owns it now
    return PEM_write_bio_PKCS8(out, sealed.get()) == 1;
}

Status put_pem(EVP_PKEY* key, std::string_view passphrase, Secret& pem) {
    Bio const bio(BIO_new(BIO_s_mem()), BIO_free);
    char* text = nullptr;
    bool const done =
        bio && (passphrase.empty() ? write_plain(bio.get(), key) : write_sealed(bio.get(), key, passphrase));
    if (!done) return openssl_failed("write the key");
    auto const size = BIO_get_mem_data(bio.get(), &text);
    pem.bytes.assign(text, static_cast<std::size_t>(size));
    OPENSSL_cleanse(text, static_cast<std::size_t>(size));
    return {};
}

// Without a function, OpenSSL asks for the passphrase on the terminal.
int give_passphrase(char* place, int room, int, void* given) {
    auto const* passphrase = static_cast<Secret const*>(given);
    auto const size = static_cast<int>(passphrase->bytes.size());
    if (size == 0 || size > room) return -1;
    std::copy(passphrase->bytes.begin(), passphrase->bytes.end(), place);
    return size;
}

tl::unexpected<Error> no_key(std::filesystem::path const& path, char const* what) {
    return fail(Errc::malformed_key, path.string() + what + "; put the right file there");
}

Result<Pkey> key_from_pem(std::string const& pem, std::filesystem::path const& path, Passphrase const& ask) {
    Secret passphrase;
    bool const encrypted = pem.find(kEncrypted) != std::string::npos;
    if (encrypted && !ask) {
        return fail(Errc::malformed_key, path.string() +
                                             " is under a passphrase, and nobody can be asked for it here: "
                                             "name a --passphrase-file, or use a key without one");
    }
    if (encrypted) {
        auto given = ask(path);
        if (!given) return pass_on(given);
        passphrase.bytes.swap(*given);
    }
    auto const bio = bio_of(pem);
    if (!bio) return openssl_failed("read the key");
    Pkey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_passphrase, &passphrase), EVP_PKEY_free);
    ERR_clear_error();
    if (!key && encrypted) {
        return fail(Errc::wrong_passphrase, "the passphrase does not open " + path.string() + "; try again");
    }
    if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
        return no_key(path, " holds no Ed25519 private key in PEM");
    }
    return key;
}

Status check_is_file(std::filesystem::path const& path) {
    std::error_code failed;
    auto const status = std::filesystem::status(path, failed);
    if (status.type() == std::filesystem::file_type::not_found) {
        return fail(Errc::no_key_file, path.string() + " does not exist; put the key file back");
    }
    if (!std::filesystem::is_regular_file(status)) {
        return fail(Errc::malformed_key,
                    path.string() + " is no file, or in a directory that cannot be read; " + "put the key file there");
    }
    return {};
}

Status check_is_private(std::filesystem::path const& path) {
    using std::filesystem::perms;
    std::error_code failed;
    auto const status = std::filesystem::status(path, failed);
    if ((status.permissions() & (perms::group_all | perms::others_all)) == perms::none) return {};
    return fail(Errc::key_exposed, path.string() + " can be used by others than its owner, who may have copied it; " +
                                       "make it private (chmod 600), and replace the key if somebody could read it");
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

Result<std::unique_ptr<Signer>> generate_key_file(std::filesystem::path const& path, WriteNewFile const& write,
                                                  std::string_view passphrase) {
    auto key = fresh_key();
    if (!key) return pass_on(key);
    Secret pem;
    if (auto const put = put_pem(key->get(), passphrase, pem); !put) return pass_on(put);
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

Result<std::unique_ptr<Signer>> load_key_file(std::filesystem::path const& path, Passphrase const& ask) {
    if (auto const there = check_is_file(path); !there) return pass_on(there);
    Secret pem;
    auto const read = read_pem(path, pem);
    if (read && pem.bytes.find(kPublic) != std::string::npos) {
        return fail(Errc::malformed_key,
                    path.string() + " is the public half of a key, and signing needs the private one: name that");
    }
    if (auto const closed = check_is_private(path); !closed) return pass_on(closed);
    if (!read) return pass_on(read);
    auto key = key_from_pem(pem.bytes, path, ask);
    if (!key) return pass_on(key);
    return signer_with(std::move(*key));
}

Result<std::string> public_key_pem(v1::Key const& key) {
    auto const* bytes = reinterpret_cast<unsigned char const*>(key.public_key().data());
    Pkey const pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes, key.public_key().size()),
                    EVP_PKEY_free);
    Bio const bio(BIO_new(BIO_s_mem()), BIO_free);
    if (!pkey || !bio || PEM_write_bio_PUBKEY(bio.get(), pkey.get()) != 1)
        return openssl_failed("write the public key");
    char* text = nullptr;
    auto const size = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

Result<v1::Key> load_public_key_file(std::filesystem::path const& path) {
    std::error_code failed;
    if (!std::filesystem::is_regular_file(path, failed)) {
        return fail(Errc::no_key_file, path.string() + " is no file; name the file of a public key");
    }
    Secret pem;
    if (auto const read = read_pem(path, pem); !read) return pass_on(read);
    if (pem.bytes.find("PRIVATE KEY-----") != std::string::npos) {
        auto const signer = load_key_file(path);
        if (!signer) return pass_on(signer);
        return (*signer)->public_key();
    }
    auto const bio = bio_of(pem.bytes);
    if (!bio) return openssl_failed("read the key");
    Pkey const key(PEM_read_bio_PUBKEY(bio.get(), nullptr, give_passphrase, &pem), EVP_PKEY_free);
    ERR_clear_error();
    if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
        return no_key(path, " holds no Ed25519 public key in PEM");
    }
    return public_key_of(key.get());
}

std::filesystem::path public_half(std::filesystem::path const& key_file) {
    return std::filesystem::path(key_file).replace_extension(".pub");
}

}  // namespace lanyard::signing
