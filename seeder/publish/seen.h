#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "seeder/publish/manifest.h"

namespace lanyard::publish {

// What nodes may have from a folder of metadata; 0: nothing.
struct Seen {
    std::uint64_t timestamp = 0;
    std::uint64_t snapshot = 0;
    std::uint64_t targets = 0;
    std::uint64_t release_counter = 0;  // of the top-level targets
    std::map<std::string, std::uint64_t> delegated;
};

// Walks the folder as a node does, but for expiry: what the keys of `newest_root` have not signed does not count.
Seen seen_in(std::filesystem::path const& folder, SignedRole const& newest_root);

}  // namespace lanyard::publish
