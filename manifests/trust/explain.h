#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "manifests/trust/trusted_set.h"

namespace lanyard::trust {

enum class Holds { yes, no, unknown };

char const* text(Holds holds);  // "ok", "refused", "unknown"

// One line of an explanation.
struct Step {
    std::string what;  // "root 2", "timestamp 14", "package"
    Holds holds = Holds::unknown;
    std::string why;  // in words
};

// A file of the repository by its name ("2.root.pb", "timestamp.pb"; of a delegated role with any characters), at most
// so many bytes of it; nothing: there is no such file; an error: nobody can tell.
using FileSource = std::function<Result<std::optional<std::string>>(std::string const& name, std::size_t max_bytes)>;

// What is believed before the first file is looked at.
struct Anchor {
    std::string root;                      // an envelope
    std::optional<std::string> timestamp;  // of an earlier refresh: new ones may not fall behind them
    std::optional<std::string> snapshot;
};

struct Explanation {
    std::vector<Step> steps;
    std::optional<TrustedSet> set;  // down to the targets: every step has held
};

// Walks a TrustedSet through the files as a refresh does, and says at each step what it finds: who has signed,
// versions, expiry, hashes. The verdicts are TrustedSet's. Ends with the first step that does not hold; nothing is
// stored.
Explanation explain(Anchor const& anchor, FileSource const& files, TimePoint now);

struct ExplainedTarget {
    std::vector<Step> steps;                // the roles that it is delegated to, and what they say
    std::optional<release::Target> target;  // every step has held
    bool named = true;                      // false: every role was believed, and none names it
};

// What the believed targets, and the roles they delegate the path to, say of it.
ExplainedTarget explain_target(TrustedSet const& set, std::string const& path, FileSource const& files);

// Paths at which a package of that digest may stand, nowhere else: what explain_target() says of them decides.
std::vector<std::string> paths_of_package(TrustedSet const& set, release::Digest const& package,
                                          FileSource const& files);

}  // namespace lanyard::trust
