#pragma once

#include "manifests/package/archive_reader.h"

namespace lanyard::package {

// Where the entries of a package go. Every call names a checked path, parents before children.
class TreeSink {
public:
    virtual ~TreeSink() = default;
    virtual Status directory(std::string const& path) = 0;
    virtual Status link(std::string const& path, std::string const& target) = 0;
    virtual Status begin_file(std::string const& path) = 0;
    virtual Status write(std::span<char const> bytes) = 0;
    virtual Status end_file(bool executable) = 0;
};

// What the source holds, by its first and last bytes; it stands at its beginning afterwards.
Result<Format> format_of(Source& source);

// By its first bytes, a format that is not unpacked here; raw: none of those.
Format native_by_magic(std::string_view bytes);

// Reads a whole archive under the unpack policy, at most `most` of it, into `sink`.
Result<Contents> walk(Source& source, Contents const& most, TreeSink& sink);

}  // namespace lanyard::package
