#pragma once

#include "node/console/config.h"
#include "node/console/options.h"

namespace lanyard {

// `policy explain`: asks the policy with what this machine's sensors say now. Gives the exit code.
int policy_explain(console::Options const& options, console::NodeConfig const& config);

// `policy test`: asks it with the facts of a file, at any time. Needs node.toml only when the file holds no policy.
int policy_test(console::Options const& options);

}  // namespace lanyard
