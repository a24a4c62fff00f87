#pragma once

#include <vector>

#include "node/gate/decision.h"

namespace lanyard::gate {

// Parts of decide(): each looks at one group of things and judges it by itself; what counts is decided there.
// `now` is the time of the decision.
std::vector<Check> check_orders(Policy const& policy, Facts const& facts, TimePoint now);   // hold, postponed, tonight
std::vector<Check> check_times(Policy const& policy, Facts const& facts, TimePoint now);    // window, slot
std::vector<Check> check_sensors(Policy const& policy, Facts const& facts, TimePoint now);  // busy, ..., battery

}  // namespace lanyard::gate
