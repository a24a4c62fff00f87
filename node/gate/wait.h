#pragma once

#include <chrono>
#include <string>

#include "node/gate/facts.h"
#include "node/gate/policy.h"
#include "proto/outcome/result.h"

namespace lanyard::gate {

// What is noted when a release is on offer: `package` for `running` (SHA-256 in hex, empty: nothing runs). The time of
// discovery, the count of postponements and what releases have asked for stay when a newer release takes the place of
// one that is still waited for, so that frequent releases cannot be put off for ever; they begin anew when what runs
// has changed, or when nothing was on offer for a day. What the newer one asks for counts from now: nobody is forced by
// a deadline that was over when it was first heard of. To be called at least once an hour: a longer silence means that
// the node was away.
Wait noticed(Wait wait, Urgency const& urgency, std::string const& package, std::string const& running, TimePoint now);

// What the time since the last note means. A wall clock that was set back: what was noted moves along, so that nothing
// lasts longer than it was meant to; and back again with a clock that is set right (a machine whose clock has no
// battery starts in another year). Hours of silence: the node was away.
Wait caught_up(Wait wait, TimePoint now);

// A person says "later". Refused with Errc::nothing_waits, Errc::too_long, or Errc::refused when it was said too often
// or the deadline comes first.
Result<Wait> postponed(Wait wait, Policy const& policy, Urgency const& urgency, std::chrono::minutes span,
                       TimePoint now);

// A person agrees to an interruption in the coming night, and to none before it. Errc::nothing_waits.
Result<Wait> agreed_to_tonight(Wait wait, Policy const& policy, TimePoint now);

// An operator keeps updates away; Errc::too_long over kLongestHold.
Result<Wait> held(Wait wait, std::chrono::minutes span, TimePoint now);
Wait released(Wait wait);

}  // namespace lanyard::gate
