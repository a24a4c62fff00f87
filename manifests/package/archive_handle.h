#pragma once

#include <archive.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "manifests/package/source.h"

// For the sources of this room only: includes libarchive.
namespace lanyard::package {

using ArchiveHandle = std::unique_ptr<archive, decltype(&archive_read_free)>;

ArchiveHandle new_archive_reader();

// Feeds libarchive from our own stream, and keeps our own error when that stream fails. Must outlive the open handle.
class ArchiveInput {
public:
    using Next = std::function<Result<std::span<char const>>()>;

    // `seekable`: the source behind `next`, for a format that seeks; else null.
    ArchiveInput(Next next, Source* seekable) : next_(std::move(next)), seekable_(seekable) {}
    ArchiveInput(ArchiveInput const&) = delete;
    ArchiveInput& operator=(ArchiveInput const&) = delete;

    int open(archive* handle, bool seek);  // gives ARCHIVE_OK or what went wrong

    // What `next` failed with, else what libarchive says, with `context` in front.
    Error error_of(archive* handle, char const* context) const;

private:
    static la_ssize_t read(archive* handle, void* self, void const** bytes);
    static la_int64_t seek(archive* handle, void* self, la_int64_t offset, int whence);

    Next next_;
    Source* seekable_;
    std::uint64_t position_ = 0;
    std::optional<Error> error_;
};

}  // namespace lanyard::package
