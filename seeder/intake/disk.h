#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "proto/outcome/result.h"

namespace lanyard::intake {

// The disk as the seeder needs it: what a method has done survives a power cut once the method has returned. Errors
// carry errno as a generic code, so that a full disk can be told from a refused one.
class Disk {
public:
    virtual ~Disk() = default;

    // Makes or replaces a file that everybody may read. Not atomic: write under a temporary name, then rename.
    virtual Status write(std::filesystem::path const& file, std::string_view bytes) = 0;
    // The same with the bytes of another file. `on_bytes` is told how many have been copied; false ends it
    // (std::errc::operation_canceled).
    virtual Status copy(std::filesystem::path const& from, std::filesystem::path const& to,
                        std::function<bool(std::uint64_t)> const& on_bytes) = 0;
    // What a library has written into `file`; everybody may read it from now on.
    virtual Status sync(std::filesystem::path const& file) = 0;
    // Atomic; replaces `to`.
    virtual Status rename(std::filesystem::path const& from, std::filesystem::path const& to) = 0;
    // Absent is fine.
    virtual Status remove(std::filesystem::path const& file) = 0;

    // Waits until no other process holds the lock; it is held until the last copy of the answer has gone.
    using Lock = std::shared_ptr<void>;
    virtual Result<Lock> lock(std::filesystem::path const& file) = 0;
};

}  // namespace lanyard::intake
