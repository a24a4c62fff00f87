#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "proto/outcome/result.h"

namespace lanyard::platform {

// An exclusive lock on a file (flock(2)), held until this object or the process dies.
class StateLock {
public:
    // Nothing when somebody else holds it. Fails when the file cannot be made.
    static Result<std::optional<StateLock>> try_take(std::filesystem::path const& file);

    StateLock(StateLock&& other) noexcept;
    StateLock& operator=(StateLock&&) = delete;
    ~StateLock();

private:
    explicit StateLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

// Makes the directory (0700) if need be and finds out whether files can be made in it.
Status prepare_directory(std::filesystem::path const& directory);

// Writes a whole file: temporary name, fsync, rename, fsync of the directory. Mode 0600.
Status write_file(std::filesystem::path const& file, std::string const& bytes);

// The bytes that a file takes of its disk, which are less than its length where it has holes; 0 when there is none.
std::uint64_t allocated_bytes(std::filesystem::path const& file);

std::string host_name();

}  // namespace lanyard::platform
