#pragma once

#include <toml++/toml.h>

#include <filesystem>
#include <optional>

#include "node/console/config.h"
#include "node/gate/rules.h"

namespace lanyard::console {

// The keys of an [app.policy] section (docs/reference/cli.md). The first thing that is wrong becomes the problem.
gate::Policy read_policy(toml::table const& table, std::filesystem::path const& file, std::optional<Error>& problem);

// What a configuration means to the gate. gate::Errc::unknown_zone when a policy needs the wall clock and this
// machine's time zone cannot be read; gate::Errc::malformed_window.
Result<gate::Rules> rules_of(NodeConfig const& config);

}  // namespace lanyard::console
