#include "proto/http/served_file.h"

namespace lanyard::http {

std::shared_ptr<ServedFile> ServedFile::open(std::filesystem::path const& path) {
    std::error_code error;
    // Asked before it is opened: opening a pipe would wait for its writer.
    if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(path, error))) return nullptr;
    std::ifstream stream(path, std::ios::binary | std::ios::ate);
    // The size of what has been opened, not of what the name means by now: files are replaced by renaming.
    auto const size = stream ? static_cast<std::streamoff>(stream.tellg()) : -1;
    if (size < 0) return nullptr;
    return std::shared_ptr<ServedFile>(new ServedFile(std::move(stream), static_cast<std::uint64_t>(size)));
}

std::string ServedFile::read(std::uint64_t offset, std::size_t length) {
    std::string block(length, '\0');
    stream_.clear();
    stream_.seekg(static_cast<std::streamoff>(offset));
    stream_.read(block.data(), static_cast<std::streamsize>(length));
    block.resize(static_cast<std::size_t>(stream_.gcount()));
    return block;
}

}  // namespace lanyard::http
