#include "seeder/console/progress_meter.h"

#include <fmt/format.h>

#include <algorithm>

namespace lanyard::console {

ProgressMeter::~ProgressMeter() {
    if (line_open_) terminal_.err << '\n';
}

void ProgressMeter::tell(char const* phase, std::uint64_t done, std::uint64_t total) {
    constexpr unsigned kStep = 10;
    constexpr std::chrono::seconds kPatience{1};
    if (clock_() - began_ < kPatience) return;
    auto const share = total == 0 ? 0.0 : static_cast<double>(done) / static_cast<double>(total);
    auto const percent = static_cast<unsigned>(std::clamp(share, 0.0, 1.0) * 100);
    bool const new_phase = phase_ != phase;
    if (!new_phase && percent <= shown_) return;
    if (terminal_.err_is_terminal) {
        if (new_phase && line_open_) terminal_.err << '\n';
        terminal_.err << fmt::format("\r{:<8} {:>3} %", phase, percent) << std::flush;
        line_open_ = true;
        shown_ = percent;
    } else if (new_phase || percent / kStep > shown_ / kStep) {
        if (percent >= kStep) terminal_.err << fmt::format("{} {} %\n", phase, percent / kStep * kStep) << std::flush;
        shown_ = percent;
    }
    phase_ = phase;
}

}  // namespace lanyard::console
