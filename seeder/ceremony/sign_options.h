#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "manifests/release/digest.h"
#include "proto/outcome/result.h"

namespace lanyard::ceremony {

// The command line of lanyard-sign, split but not yet judged.

// Which repository the keeper means: by the digest of its first root, or by what lies beside a key.
struct Whose {
    std::optional<release::Digest> root_digest;
    std::vector<std::filesystem::path> keys;
};

struct ShowRequest {
    std::filesystem::path request;
    Whose whose;
};

struct SignRequest {
    std::filesystem::path request;
    Whose whose;
    std::optional<std::filesystem::path> passphrase_file;
    std::optional<std::filesystem::path> out;
    bool yes = false;
};

struct GenerateKey {
    std::filesystem::path file;
    std::optional<std::filesystem::path> passphrase_file;
    bool passphrase = false;
};

struct WritePae {
    std::filesystem::path request;
    Whose whose;
    std::string role;
    std::filesystem::path out;
};

struct AttachSignature {
    std::filesystem::path request;
    std::string role;
    std::filesystem::path signature;
    std::filesystem::path key;
    std::optional<std::filesystem::path> out;
};

using SignCommand = std::variant<ShowRequest, SignRequest, GenerateKey, WritePae, AttachSignature>;

struct SignHelp {
    std::string text;
};

Result<std::variant<SignCommand, SignHelp>> parse_sign_command(int argc, char const* const* argv);

}  // namespace lanyard::ceremony
