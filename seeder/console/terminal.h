#pragma once

#include <ostream>

namespace lanyard::console {

// Where a command writes: data to `out`, words to people and progress to `err`.
struct Terminal {
    std::ostream& out;
    std::ostream& err;
    bool err_is_terminal = false;  // progress may overwrite its own line
};

}  // namespace lanyard::console
