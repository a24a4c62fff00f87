#pragma once

#include "proto/outcome/result.h"
#include "seeder/console/invocation.h"
#include "seeder/console/terminal.h"

namespace lanyard::console {

// Carries out a command at another place: invocation.remote is the URL of a serving seeder (with invocation.identity,
// the file that `operator add` made), or the path of its local socket. Blocking. Gives the exit code of the command;
// an Error when it could not be given.
Result<int> run_remote(Invocation const& invocation, Terminal& terminal);

}  // namespace lanyard::console
