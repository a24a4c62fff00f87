#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "manifests/package/package.h"
#include "manifests/release/digest.h"
#include "manifests/release/target.h"
#include "proto/outcome/result.h"
#include "proto/swarm/metainfo.h"
#include "seeder/intake/disk.h"

namespace lanyard::intake {

// The torrent that signed targets name for a package.
struct SignedTorrent {
    release::Digest sha256;
    std::uint32_t piece_length = 0;
};

// What is to become a package.
struct Order {
    std::filesystem::path source;  // a directory, an archive or a single file
    // Absent: a tree when `source` is a directory or an archive, deb, rpm, msi, pkg or dmg when it is one, else a file.
    std::optional<release::PackageType> type;
    std::uint32_t expected_nodes = 1;  // how many will fetch it: decides the piece length
    std::string announce_url;          // for foreign BitTorrent clients
    std::filesystem::path state = {};  // holds private keys: nothing in it, nor what holds it, is taken in
    // By the digest of a package; it is this torrent then, or none.
    std::function<std::optional<SignedTorrent>(release::Digest const&)> find_signed = {};
    std::optional<release::Platform> platform = {};  // whose programs and libraries it should hold
};

// A package that stands in the folder of packages as <sha256>, <sha256>.torrent and <sha256>.pieces.
struct Package {
    release::PackageType type;
    package::Format format;
    release::Digest sha256;
    std::uint64_t length = 0;
    package::Contents contents;
    swarm::InfoHash info_hash;
    release::Digest torrent_sha256;
    release::Digest piece_list_sha256;
    std::uint32_t piece_length = 0;
};

// `phase` is one word for people. `done` grows to `total` in each phase; both are bytes. False ends it with
// Errc::stopped and nothing made.
using OnProgress = std::function<bool(char const* phase, std::uint64_t done, std::uint64_t total)>;

// Makes a package of `order.source`, whose bytes are copied before they are hashed: what happens to the source
// afterwards does not matter. The three files get their names only when they are complete and on disk; what a killed
// run has left behind is removed first. A torrent that is there for the same bytes is kept as it is, because signed
// targets name it. Blocking; one caller at a time for one folder.
Result<Package> take_in(Disk& disk, std::filesystem::path const& packages, Order const& order,
                        OnProgress const& on_progress);

// Removes every package that is not one of `kept` (SHA-256 in hex). What cannot be removed now will be next time.
void remove_packages_but(Disk& disk, std::filesystem::path const& packages, std::set<std::string> const& kept);

}  // namespace lanyard::intake
