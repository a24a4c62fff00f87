#include "node/console/same_tree.h"

#include <algorithm>
#include <array>
#include <fstream>

namespace lanyard::console {
namespace {

namespace fs = std::filesystem;

bool same_bytes(fs::path const& one, fs::path const& other) {
    std::ifstream first(one, std::ios::binary);
    std::ifstream second(other, std::ios::binary);
    std::array<char, 64 * 1024> left;
    std::array<char, 64 * 1024> right;
    while (first && second) {
        first.read(left.data(), left.size());
        second.read(right.data(), right.size());
        if (first.gcount() != second.gcount()) return false;
        if (!std::equal(left.begin(), left.begin() + first.gcount(), right.begin())) return false;
    }
    return first.eof() && second.eof();
}

bool may_be_executed(fs::file_status const& status) {
    return (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
}

// How the installed entry differs; empty: it does not.
std::string difference(fs::path const& is_signed, fs::path const& installed) {
    std::error_code failed;
    auto const wanted = fs::symlink_status(is_signed, failed);
    auto const found = fs::symlink_status(installed, failed);
    if (!fs::exists(found)) return "is missing";
    if (wanted.type() != found.type()) return "is of another kind";
    if (fs::is_symlink(wanted)) {
        return fs::read_symlink(is_signed, failed) == fs::read_symlink(installed, failed) ? "" : "leads elsewhere";
    }
    if (!fs::is_regular_file(wanted)) return "";
    if (!same_bytes(is_signed, installed)) return "has other bytes";
    return may_be_executed(wanted) == may_be_executed(found) ? "" : "has another right to execute";
}

}  // namespace

TreeComparison compare_trees(fs::path const& signed_tree, fs::path const& installed) {
    TreeComparison result;
    std::error_code failed;
    for (fs::recursive_directory_iterator at(signed_tree, failed), end; !failed && at != end; at.increment(failed)) {
        auto const name = at->path().lexically_relative(signed_tree);
        auto const how = difference(at->path(), installed / name);
        if (how.empty()) {
            ++result.entries;
        } else if (result.difference.empty()) {
            result.difference = name.string() + " " + how;
        }
    }
    for (fs::recursive_directory_iterator at(installed, failed), end; !failed && at != end; at.increment(failed)) {
        std::error_code ignored;
        auto const twin = signed_tree / at->path().lexically_relative(installed);
        if (!fs::exists(fs::symlink_status(twin, ignored))) ++result.added;
    }
    if (failed && result.difference.empty()) result.difference = "it cannot be read: " + failed.message();
    return result;
}

}  // namespace lanyard::console
