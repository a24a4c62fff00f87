#pragma once

#include <string>

#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::ceremony {

// Lines for people, indented; of a first one everything is new. Text from releases is quoted and shown to
// its end, everything but printable ASCII as \xNN.

// Keys and thresholds of each role.
std::string differences(v1::Root const& before, v1::Root const& next);

// Releases that come, go or change, with everything a node would do with them.
std::string differences(v1::Targets const& before, v1::Targets const& next);

}  // namespace lanyard::ceremony
