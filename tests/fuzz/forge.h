#pragma once

#include <array>
#include <string>
#include <vector>

#include "manifests/trust/trusted_set.h"
#include "tests/fuzz/fixed_keys.h"
#include "tests/fuzz/script.h"

namespace lanyard::fuzz {

inline constexpr trust::TimePoint kFuzzNow{std::chrono::seconds(1'800'000'000)};
inline constexpr char const* kRepoId = "a repository id!";

// A metadata file, honest or not, and who has signed exactly what it holds: the most that may count for it.
struct File {
    trust::RoleName role;
    std::string bytes;
    KeyMask signers = 0;
};

// Whoever has any keys and any intent: makes files as a script says, each signed after it has been mutated, so that the
// checks behind the signatures are reached. What it makes can refer to what it made before.
class Forge {
public:
    Forge();  // an honest version 1 of everything is there

    File const& make(Script& script);
    File const& file(std::size_t i) const { return files_[i % files_.size()]; }
    File const& newest(trust::RoleName role) const { return files_[newest_[static_cast<std::size_t>(role)]]; }

private:
    std::string payload(trust::RoleName role, Script& script);
    std::string root(Script& script);
    std::string timestamp(Script& script);
    std::string snapshot(Script& script);
    std::string targets(Script& script);
    v1::MetaRef reference(trust::RoleName role, Script& script) const;
    File const& keep(File file);

    std::vector<File> files_;
    std::array<std::size_t, 4> newest_{};
};

}  // namespace lanyard::fuzz
