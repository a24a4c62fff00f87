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

// A fresh key in a new PKCS#8 PEM file.
Result<std::unique_ptr<Signer>> generate_key_file(std::filesystem::path const& path, WriteNewFile const& write);
// Refuses a file that others than its owner may read or change, and a key under a passphrase.
Result<std::unique_ptr<Signer>> load_key_file(std::filesystem::path const& path);

// The serialised envelope over `payload`, with one signature a signer. At least one signer, no key twice.
Result<std::string> sign_envelope(trust::RoleName role, std::string_view payload,
                                  std::span<Signer const* const> signers);

}  // namespace lanyard::signing
