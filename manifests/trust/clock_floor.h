#pragma once

#include <chrono>
#include <optional>

#include "manifests/trust/trusted_set.h"
#include "proto/outcome/result.h"

namespace lanyard::trust {

// How far a clock may be put back before it is an alarm: a time server that corrects it, a leap second, a dual-boot
// machine that keeps local time.
inline constexpr std::chrono::hours kClockTolerance{24};

// The time to verify with. `floor` is when a refresh last succeeded: at that time nothing of the manifest had expired,
// so that it never lies behind the expiry of a timestamp that the seeder signed, and a clock that once was ahead does
// no lasting harm. Never gives a time before it; refuses (Errc::clock_set_back) when the clock lies behind it by more
// than the tolerance, for then nobody knows what has expired.
Result<TimePoint> believable_time(TimePoint clock, std::optional<TimePoint> floor);

}  // namespace lanyard::trust
