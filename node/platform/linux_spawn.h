#pragma once

#include <sys/types.h>

#include <string>

#include "node/drain/process_runner.h"
#include "proto/outcome/result.h"

namespace lanyard::platform {

// Starts `/bin/sh -c line` in a session of its own, whose id and process group are the process's. It inherits no
// descriptor but `output` (as stdout and stderr; stdin is /dev/null) and the command's sockets, no signal mask and no
// ignored signals.
Result<pid_t> spawn(drain::Command const& command, int output, std::string const& search_path);

// Exit code as a shell gives it, from the status of waitpid(2).
int exit_code_of(int status);

}  // namespace lanyard::platform
