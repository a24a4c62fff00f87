#pragma once

#include <atomic>
#include <ostream>

namespace lanyard::console {

// Where a command writes: data to `out`, words to people and progress to `err`.
struct Terminal {
    std::ostream& out;
    std::ostream& err;
    bool err_is_terminal = false;  // progress may overwrite its own line
    // Set from another thread: what takes long is to end soon, with nothing changed (a publish: intake::Errc::stopped).
    std::atomic<bool> const* stop = nullptr;

    bool must_stop() const { return stop && *stop; }
};

}  // namespace lanyard::console
