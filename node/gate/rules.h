#pragma once

#include <map>
#include <string>

#include "manifests/release/names.h"
#include "node/gate/policy.h"

namespace lanyard::gate {

// What decide() needs to know of this node. An application without a policy may be interrupted whenever it is idle.
struct Rules {
    std::map<release::AppId, Policy> policies{};
    Policy other{};         // of an application without one
    std::string node_id{};  // makes this node's quiet hour differ from its neighbours'

    Policy const& of(release::AppId const& app) const {
        auto const found = policies.find(app);
        return found == policies.end() ? other : found->second;
    }
};

}  // namespace lanyard::gate
