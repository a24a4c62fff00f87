#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace lanyard::http {

// A regular file that is being sent. Every call may wait for the disk.
class ServedFile {
public:
    // Nothing when `path` is not a regular file (links are not followed) that can be read.
    static std::shared_ptr<ServedFile> open(std::filesystem::path const& path);

    std::uint64_t size() const { return size_; }

    // Shorter than asked for only when the file has become shorter, or cannot be read.
    std::string read(std::uint64_t offset, std::size_t length);

private:
    ServedFile(std::ifstream stream, std::uint64_t size) : stream_(std::move(stream)), size_(size) {}

    std::ifstream stream_;
    std::uint64_t size_;
};

}  // namespace lanyard::http
