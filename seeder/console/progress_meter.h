#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "seeder/console/terminal.h"

namespace lanyard::console {

// Tells on stderr how far a publish is: in place on a terminal, else a line for every ten percent of a phase. Says
// nothing in the first second: what is over by then needs no progress.
class ProgressMeter {
public:
    using Clock = std::function<std::chrono::steady_clock::time_point()>;

    explicit ProgressMeter(Terminal& terminal, Clock clock = std::chrono::steady_clock::now)
        : terminal_(terminal), clock_(std::move(clock)), began_(clock_()) {}
    ~ProgressMeter();
    ProgressMeter(ProgressMeter const&) = delete;
    ProgressMeter& operator=(ProgressMeter const&) = delete;

    void tell(char const* phase, std::uint64_t done, std::uint64_t total);

private:
    Terminal& terminal_;
    Clock clock_;
    std::chrono::steady_clock::time_point began_;
    std::string phase_;
    unsigned shown_ = 0;
    bool line_open_ = false;
};

}  // namespace lanyard::console
