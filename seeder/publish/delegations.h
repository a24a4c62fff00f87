#pragma once

#include <string>
#include <vector>

#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::publish {

// Null when these targets delegate nothing to it.
v1::Delegation const* find_delegation(v1::Targets const& targets, std::string const& name);

// Whether a release of that path may be named by the role.
bool may_name(v1::Delegation const& delegation, std::string const& path);

// Adds the delegation as the last one, or changes the one of that name in its place. Refused (unsound_keys, bad_role)
// when too few keys could sign, a name is none of [A-Za-z0-9._-]{1,64} or taken by a top-level role, or no path is
// named.
Status put_delegation(v1::Targets& targets, v1::Delegation delegation, std::vector<v1::Key> const& keys);

// no_such_role when there is none.
Status drop_delegation(v1::Targets& targets, std::string const& name);

}  // namespace lanyard::publish
