#pragma once

#include <filesystem>
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

// PKCS#8 PEM, mode 0600, written whole and fsynced before it has its name; an existing file is never replaced.
Result<std::unique_ptr<Signer>> generate_key_file(std::filesystem::path const& path);
// Refuses a file that others may read.
Result<std::unique_ptr<Signer>> load_key_file(std::filesystem::path const& path);

// The serialised envelope over `payload`, with one signature a signer.
Result<std::string> sign_envelope(trust::RoleName role, std::string_view payload,
                                  std::span<Signer const* const> signers);

}  // namespace lanyard::signing
