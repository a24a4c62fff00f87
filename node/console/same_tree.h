#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace lanyard::console {

struct TreeComparison {
    std::string difference;     // the first one, as "share/tool.sh has other bytes"; empty: none
    std::uint64_t entries = 0;  // that are in both
    std::uint64_t added = 0;    // that only `installed` has: an application may write beside its files
};

// Whether everything in `signed_tree` is in `installed`, too: kinds, bytes, link targets, the right to execute.
// Blocking; follows no link.
TreeComparison compare_trees(std::filesystem::path const& signed_tree, std::filesystem::path const& installed);

}  // namespace lanyard::console
