#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "node/gate/decision.h"
#include "proto/outcome/result.h"

namespace lanyard::console {

// What `policy test` is given (docs/reference/cli.md): facts, and a policy if the file holds one.
struct PolicyCase {
    gate::Facts facts;
    std::optional<gate::Policy> policy;
};

// Times in it are by `zone`; those that are not given are not set, a discovery that is not given is `now`. `file` is
// named in errors, with the line.
Result<PolicyCase> parse_policy_case(std::string const& toml, std::filesystem::path const& file, gate::TimePoint now,
                                     gate::Zone const& zone);
Result<std::string> read_policy_case(std::filesystem::path const& file);

}  // namespace lanyard::console
