#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "manifests/trust/envelope.h"
#include "manifests/trust/trusted_set.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::publish {

// Who shall sign for a role from now on.
struct RoleKeys {
    trust::RoleName role;
    std::vector<v1::Key> keys;
    std::uint32_t threshold = 1;
};

// Root version 1. Every role once.
v1::Root make_first_root(std::string const& repo_id, std::vector<RoleKeys> const& roles, trust::TimePoint now);

// The root that follows: these roles have other keys, the rest has what it had, and it holds anew. Refused
// (unsound_keys) when a role would have fewer keys than its threshold asks for, a threshold of 0 or a key twice.
Result<v1::Root> make_next_root(v1::Root const& before, std::vector<RoleKeys> const& changes, trust::TimePoint now);

// What the root says of a role.
RoleKeys keys_of(v1::Root const& root, trust::RoleName role);

bool same_keys(v1::Root const& a, v1::Root const& b, trust::RoleName role);

// Without the one whose id begins with these hex digits. Refused when none or several do, or too few would be left.
Result<RoleKeys> without(RoleKeys role, std::string const& id_prefix);

}  // namespace lanyard::publish
