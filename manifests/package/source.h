#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <span>
#include <vector>

#include "manifests/package/package.h"

namespace lanyard::package {

// A package file, read block by block through one open handle. Once verify() has succeeded, each block is hashed again
// when it is read: what is decoded is what was verified, even if somebody writes to the file meanwhile.
class Source {
public:
    static constexpr std::size_t kBlock = 1 << 20;

    static Result<Source> open(std::filesystem::path const& file, OnProgress const& on_progress);

    std::uint64_t length() const { return length_; }

    // Reads the whole file; refuses another length or another digest than the promised ones. Back at the beginning
    // after.
    Status verify(Promise const& promise);
    Result<release::Digest> digest();  // the same without a promise

    // The bytes from the current position to the end of its block; empty at the end of the file. Valid until the next
    // call.
    Result<std::span<char const>> next();
    void seek(std::uint64_t offset) { position_ = std::min(offset, length_); }

private:
    Source() = default;
    static constexpr std::uint64_t kNone = ~std::uint64_t{0};

    Status load(std::uint64_t block);  // into buffer_
    Status tell_progress(std::uint64_t bytes);

    std::filesystem::path file_;
    std::ifstream in_;
    OnProgress on_progress_;
    std::uint64_t length_ = 0;
    std::uint64_t position_ = 0;
    std::uint64_t loaded_ = kNone;
    std::uint64_t handled_ = 0;
    std::uint64_t passes_ = 1;
    std::vector<char> buffer_;
    std::vector<release::Digest> verified_;  // of each block
};

}  // namespace lanyard::package
