#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "node/gate/policy.h"

namespace lanyard::gate {

inline constexpr std::size_t kHoursOfWeek = 168;

// How often a node looked in one hour of the week, and how often it found its application idle.
struct HourCount {
    unsigned looks = 0;
    unsigned quiet = 0;
};
using History = std::array<HourCount, kHoursOfWeek>;  // from Monday 00:00 by the wall clock

std::size_t hour_of_week(TimePoint time, Zone const& zone);

// A number that stays the same for one application on one node and differs from node to node.
std::uint64_t share_of(std::string_view node_id, std::string_view app);

struct Slot {
    TimePoint from;
    unsigned percent = 0;  // of the looks at this hour of the week that found it quiet
};

// No forecast reaches further than this.
inline constexpr std::chrono::hours kFarthestSlot{7 * 24};

// The moment before `until` at which the application is likely to be idle: in one of the hours that lie inside a window
// and are about as quiet as the quietest. `share` decides which of them, and the minute, so that a site's nodes do not
// go all at once. It stays the same from one `now` to the next until it has passed. Nothing: no hour is left.
std::optional<Slot> forecast(History const& history, Policy const& policy, TimePoint now, TimePoint until,
                             std::uint64_t share);

}  // namespace lanyard::gate
