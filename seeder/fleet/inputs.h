#pragma once

#include <string_view>

#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/check.pb.h"
#include "proto/schema/lanyard/v1/report.pb.h"

namespace lanyard::fleet {

// Ids of nodes and attempts: 32 lower-case hex digits.
bool is_id(std::string_view text);

// What nodes send is kept and shown to people: lengths and counts are bounded and what is not plain (proto/outcome)
// refused, all as Errc::malformed with a sentence that names the field.
Status check_input(v1::CheckRequest const& request);
Status check_input(v1::Report const& report);

}  // namespace lanyard::fleet
