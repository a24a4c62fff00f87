#pragma once

#include "manifests/trust/opening.h"
#include "tests/fuzz/fuzz.h"

namespace lanyard::fuzz {

// What an accepted payload of any role has promised.
template <class Payload>
void check_head(Payload const& payload) {
    must(payload.spec() == 1, "only specification 1 is accepted");
    must(payload.repo_id().size() == 16, "a repository id has 16 bytes");
    must(payload.version() >= 1 && payload.version() <= trust::kMaxMetadataVersion, "a version is 1 to 2^53 - 1");
    must(payload.expires() > 0, "nothing expires before 1970");
    must(trust::utc(std::chrono::sys_seconds(std::chrono::seconds(payload.expires()))).size() == 20,
         "an expiry can be told to people");
}

inline void check_reference(v1::MetaRef const& meta, std::size_t most) {
    must(meta.version() >= 1 && meta.version() <= trust::kMaxMetadataVersion, "a reference has a version in range");
    must(meta.length() >= 1 && meta.length() <= most, "a reference asks for no more than its role may be");
    must(meta.sha256().size() == 32, "a reference has a SHA-256");
    must(!meta.name().empty() && meta.name().size() <= 64, "a reference has a name of 1 to 64 bytes");
}

}  // namespace lanyard::fuzz
