#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "proto/outcome/result.h"

namespace lanyard::ceremony {

// The command line of lanyard-sign, split but not yet judged.

struct ShowRequest {
    std::filesystem::path request;
};

struct SignRequest {
    std::filesystem::path request;
    std::vector<std::filesystem::path> keys;
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
