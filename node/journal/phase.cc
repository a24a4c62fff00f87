#include <array>

#include "node/journal/journal.h"

namespace lanyard::journal {
namespace {

constexpr std::array<char const*, 8> kNames{"fetch", "stage", "wait_idle", "drain",
                                            "apply", "probe", "commit",    "roll_back"};

}  // namespace

char const* text(Phase phase) { return kNames[static_cast<std::size_t>(phase)]; }

std::optional<Phase> phase_named(std::string_view text) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (text == kNames[i]) return static_cast<Phase>(i);
    }
    return std::nullopt;
}

}  // namespace lanyard::journal
