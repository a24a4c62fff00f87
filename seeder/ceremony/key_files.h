#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "manifests/signing/signer.h"
#include "proto/outcome/result.h"

namespace lanyard::ceremony {

// The operating-system side of key files: the only place of this room with POSIX headers.

enum class Mode { owner_only, everybody };

// A new file, complete and on disk before it has its name. An existing one is never replaced (std::errc::file_exists).
Status write_new_file(std::filesystem::path const& file, std::string_view bytes, Mode mode);

// A file that anybody may read, all at once in the place of the one that has its name.
Status replace_file(std::filesystem::path const& file, std::string_view bytes);

// Whether somebody sits at a terminal.
bool somebody_is_there();

// Asks on the terminal, without showing what is typed. no_passphrase when there is none.
Result<std::string> ask_secret(std::string const& question);

// The first line of a file that only its owner may read.
Result<std::string> read_passphrase_file(std::filesystem::path const& file);

// What opens key files: the passphrase file when one is named, else whoever sits at the terminal.
signing::Passphrase passphrase_from(std::optional<std::filesystem::path> const& file);

// A key file and its public half beside it. Under a passphrase when `file` names one, or, with `ask`, when one is typed
// twice on the terminal.
Result<v1::Key> make_key_file(std::filesystem::path const& path, std::optional<std::filesystem::path> const& file,
                              bool ask);

}  // namespace lanyard::ceremony
