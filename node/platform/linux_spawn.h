#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "node/drain/process_runner.h"
#include "proto/outcome/result.h"

namespace lanyard::platform {

// Starts `/bin/sh -c line` in a session of its own, whose id and process group are the process's. It inherits no
// descriptor but `output` (as stdout and stderr; stdin is /dev/null) and the command's sockets, no signal mask and no
// ignored signals. `open_files`: its soft limit of them; 0: this program's.
Result<pid_t> spawn(drain::Command const& command, int output, std::string const& search_path,
                    std::uint64_t open_files = 0);

// Lets this program have as many files open as it may (the hard limit). Gives the soft limit that was in the way, for
// the programs that it starts: one that waits by select(2) must not get numbers above 1023. 0: nothing was raised.
std::uint64_t raise_open_files();

// Exit code as a shell gives it, from the status of waitpid(2).
int exit_code_of(int status);

}  // namespace lanyard::platform
