#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "manifests/package/package.h"

namespace lanyard::package {

enum class NodeKind { file, directory, link };

// A file, directory or link of a package, with its checked path.
struct Node {
    std::string path;
    NodeKind kind = NodeKind::file;
    bool executable = false;
    std::uint64_t length = 0;  // of a file, as announced
    std::string target;        // of a link
};

// Watches over the entries of one package, in their order: no duplicates, no colliding names, nothing through a link or
// a file, never more than `most`.
class TreeRules {
public:
    explicit TreeRules(Contents const& most) : most_(most) {}

    // What must be made now. Archives may leave directories out, or name them after what is in them.
    struct Missing {
        std::vector<std::string> parents;  // outermost first
        bool itself = true;
    };
    Result<Missing> admit(Node const& node);

    // What was admitted: files with their announced lengths, and every directory, announced or not.
    Contents const& contents() const { return contents_; }

private:
    enum class Seen : std::uint8_t { implied_directory, directory, other };
    struct Place {
        std::string path;
        Seen seen;
    };

    Status take_place(Node const& node, std::string_view path, Seen seen, bool& is_new);
    Status count(Node const& node, std::size_t new_entries);

    Contents most_;
    Contents contents_;
    std::unordered_map<std::string, Place> places_;  // by collision key
};

}  // namespace lanyard::package
