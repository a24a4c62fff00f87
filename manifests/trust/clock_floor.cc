#include "manifests/trust/clock_floor.h"

#include <algorithm>

#include "manifests/trust/errc.h"
#include "manifests/trust/opening.h"

namespace lanyard::trust {
namespace {

constexpr TimePoint kLastMoment{std::chrono::seconds(253'402'300'799)};

}  // namespace

Result<TimePoint> believable_time(TimePoint clock, std::optional<TimePoint> floor) {
    // A floor that no metadata can have allowed (expiries end there, too) is a damaged one.
    if (!floor || *floor > kLastMoment || clock >= *floor) return clock;
    if (*floor - clock <= kClockTolerance) return *floor;
    return fail(Errc::clock_set_back,
                "the clock of this machine shows " + utc(clock) + ", and it was " + utc(*floor) +
                    " when the manifest was last verified: it was set back (freeze), so that expired files would look "
                    "fresh; set it right. If it is right now and was ahead then, this ends by itself at " +
                    utc(*floor - kClockTolerance));
}

}  // namespace lanyard::trust
