#pragma once

#include <string>
#include <string_view>

#include "node/drain/app_control.h"
#include "node/drain/process_runner.h"

namespace lanyard::drain {

// A command of a release, as its install policy means it: in the directory of the release, with LANYARD_APP,
// LANYARD_VERSION and LANYARD_DIR (the application's directory, the one that holds `current`).
Command command_of(AppRelease const& release, std::string const& line);

// What a command wrote, as one line of at most `most` bytes for an error message: its last words, control characters as
// spaces, what is no UTF-8 as '?'.
std::string last_words(std::string_view output, std::size_t most);

// How a command ended, in words: "ended with exit code 3: cannot bind", "did not end within 30 s".
std::string words_for(Ending const& ending, std::chrono::milliseconds deadline);

}  // namespace lanyard::drain
