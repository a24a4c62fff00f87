#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "manifests/trust/envelope.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::signing {

// Holds one private key. The seeder signs with key files; tests with keys in memory; an HSM can come later.
class Signer {
public:
    virtual ~Signer() = default;
    virtual v1::Key public_key() const = 0;
    virtual Result<std::string> sign(std::string_view message) const = 0;  // 64 bytes
};

// A fresh Ed25519 key, in memory.
Result<std::unique_ptr<Signer>> generate_key();

// Makes a file: all of `bytes` is on disk, for its owner's eyes only (0600), before `path` is its name; a file that has
// the name already is never replaced, and the answer then has the condition std::errc::file_exists. C++ cannot flush to
// disk by itself, so a program hands in what its system offers.
using WriteNewFile = std::function<Status(std::filesystem::path const& path, std::string_view bytes)>;

// The passphrase of a key file; asked for only when the file is under one.
using Passphrase = std::function<Result<std::string>(std::filesystem::path const& path)>;

// A fresh key in a new PKCS#8 PEM file; with a passphrase, encrypted (PBES2: PBKDF2 with HMAC-SHA-256, AES-256-CBC) so
// that the openssl command line reads it.
Result<std::unique_ptr<Signer>> generate_key_file(std::filesystem::path const& path, WriteNewFile const& write,
                                                  std::string_view passphrase = {});
// Refuses a file that others than its owner may read or change, and, when nobody can be asked, a key under a
// passphrase.
Result<std::unique_ptr<Signer>> load_key_file(std::filesystem::path const& path, Passphrase const& ask = {});

// As `openssl pkey -pubout` writes it.
Result<std::string> public_key_pem(v1::Key const& key);
// The public key of such a file, or of a private one without a passphrase (which must then be private).
Result<v1::Key> load_public_key_file(std::filesystem::path const& path);
// "shop.pub" for "shop.pem": where the public half of a key file lies.
std::filesystem::path public_half(std::filesystem::path const& key_file);

// The serialised envelope over `payload`, with one signature a signer. At least one signer, no key twice.
Result<std::string> sign_envelope(trust::RoleName role, std::string_view payload,
                                  std::span<Signer const* const> signers);

}  // namespace lanyard::signing
