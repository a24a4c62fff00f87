#pragma once

#include <memory>
#include <optional>
#include <span>

#include "manifests/package/source.h"
#include "manifests/package/tree_rules.h"

namespace lanyard::package {

// The entries of an archive one after the other, each checked as far as it can be by itself (TreeRules judges them
// together). Reads only what `format` says.
class ArchiveReader {
public:
    ArchiveReader(Format format, Source& source);
    ~ArchiveReader();

    // The next entry; nothing at the end, when nothing follows it in the file either.
    Result<std::optional<Node>> next();

    // The next bytes of the file that next() gave; empty at its end. In total exactly Node::length.
    Result<std::span<char const>> content();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Whether the bytes begin with a tar header (of any dialect): its checksum holds.
bool is_tar(std::span<char const> bytes);

}  // namespace lanyard::package
