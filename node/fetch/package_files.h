#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "manifests/release/digest.h"
#include "manifests/release/target.h"
#include "proto/outcome/result.h"

namespace lanyard::fetch {

// The files of one package in the node's packages directory. Everything here blocks: call it from the disk pool.
//
// A file gets its name when it is whole and on the disk. Before a release is made of it, its digest is checked again.
class PackageFiles {
public:
    PackageFiles(std::filesystem::path const& directory, release::Digest const& package);

    std::filesystem::path const& complete() const { return complete_; }
    std::filesystem::path const& partial() const { return partial_; }

    // The torrent kept from an earlier time, when it is the one with this digest.
    std::optional<std::string> read_torrent(release::Digest const& torrent) const;
    using Sync = std::function<Status(std::filesystem::path const&)>;
    Status keep_torrent(std::string_view torrent, Sync const& sync) const;
    // What was complete once, and is damaged now, is to be completed again.
    void reopen() const;
    // Also what was being written when the power went.
    void remove_all() const;

private:
    std::filesystem::path torrent_draft() const;

    std::filesystem::path complete_;  // <directory>/<sha256>
    std::filesystem::path partial_;
    std::filesystem::path torrent_;
};

// The packages that have files of ours in the directory. Other files are not ours to judge.
std::set<release::Digest> packages_in(std::filesystem::path const& directory);

// Makes the directory, and refuses when `missing` bytes cannot go there.
Status check_room(std::filesystem::path const& directory, std::uint64_t missing);

// Whether `file` has the length and the digest of `target`; errors when it cannot be read or `stop` was set.
Result<bool> is_package(std::filesystem::path const& file, release::Target const& target,
                        std::atomic<bool> const& stop);

// How many pieces of `file` do not have the SHA-256 that stands in `piece_list` (32 bytes a piece).
Result<std::uint64_t> count_wrong_pieces(std::filesystem::path const& file, std::uint32_t piece_length,
                                         std::string_view piece_list, std::atomic<bool> const& stop);

release::Digest sha256(std::string_view bytes);

}  // namespace lanyard::fetch
