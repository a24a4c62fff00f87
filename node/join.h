#pragma once

#include "node/console/options.h"

namespace lanyard {

// `lanyard-node join`: believes a seeder, makes this node's key, and has it accepted. Gives the exit code. What is
// refused leaves nothing behind; what has to wait goes on with `run`.
int join(console::Options const& options);

}  // namespace lanyard
