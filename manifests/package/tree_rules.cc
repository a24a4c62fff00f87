#include "manifests/package/tree_rules.h"

#include "manifests/package/errc.h"
#include "manifests/package/names.h"

namespace lanyard::package {

Status TreeRules::take_place(Node const& node, std::string_view path, Seen seen, bool& is_new) {
    auto const [at, inserted] = places_.try_emplace(collision_key(path), Place{std::string(path), seen});
    is_new = inserted;
    if (inserted) return {};
    auto& place = at->second;
    if (place.path != path) {
        return fail(Errc::unsafe, "the path " + printable(node.path) + " differs from " + printable(place.path) +
                                      " only in upper and lower case");
    }
    if (seen == Seen::implied_directory) {
        if (place.seen != Seen::other) return {};
        return fail(Errc::unsafe, "the path " + printable(node.path) + " goes through " + printable(path) +
                                      ", which is no directory");
    }
    if (seen == Seen::directory && place.seen == Seen::implied_directory) {
        place.seen = Seen::directory;
        return {};
    }
    return fail(Errc::unsafe, "the path " + printable(node.path) + " appears twice");
}

Status TreeRules::count(Node const& node, std::size_t new_entries) {
    if (new_entries > most_.entry_count - contents_.entry_count) {
        return fail(Errc::promise_not_kept, "the package holds more than " + std::to_string(most_.entry_count) +
                                                " entries; the first too many is " + printable(node.path));
    }
    if (node.length > most_.unpacked_length - contents_.unpacked_length) {
        return fail(Errc::promise_not_kept, "the package unpacks to more than " +
                                                std::to_string(most_.unpacked_length) +
                                                " bytes; the limit is reached at " + printable(node.path));
    }
    contents_.entry_count += new_entries;
    contents_.unpacked_length += node.length;
    return {};
}

Result<TreeRules::Missing> TreeRules::admit(Node const& node) {
    if (node.kind == NodeKind::link) {
        if (auto const inside = check_link(node.path, node.target); !inside) return pass_on(inside);
    }
    Missing missing;
    bool is_new = false;
    for (auto slash = node.path.find('/'); slash != std::string::npos; slash = node.path.find('/', slash + 1)) {
        auto const parent = std::string_view(node.path).substr(0, slash);
        if (auto const taken = take_place(node, parent, Seen::implied_directory, is_new); !taken) return pass_on(taken);
        if (is_new) missing.parents.emplace_back(parent);
    }
    auto const seen = node.kind == NodeKind::directory ? Seen::directory : Seen::other;
    if (auto const taken = take_place(node, node.path, seen, missing.itself); !taken) return pass_on(taken);
    auto const added = missing.parents.size() + (missing.itself ? 1 : 0);
    if (auto const fits = count(node, added); !fits) return pass_on(fits);
    return missing;
}

}  // namespace lanyard::package
