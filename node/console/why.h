#pragma once

#include <string>

#include "node/console/desk.h"
#include "node/gate/gate.h"
#include "node/gate/idle_gate.h"
#include "proto/schema/lanyard/v1/status.pb.h"

namespace lanyard::console {

// A decision, with all that it was made from. `policy` is the one that decided.
void describe(gate::Explanation const& explanation, gate::Policy const& policy, v1::AppWhy& why);

// "allowed": why that is; "waiting": what stands in the way, when it could go, and what to do.
std::string verdict_of(gate::Decision const& decision);

// What can be told while no node runs: that nothing happens, and what happened last.
Result<v1::WhyResult> why_on_disk(NodeConfig const& config, journal::Records& records, std::string const& app);

// The applications of `config` that `app` names; all, when it is empty. Errc::unknown_app.
Result<std::vector<AppConfig>> apps_named(NodeConfig const& config, std::string const& app);

}  // namespace lanyard::console
