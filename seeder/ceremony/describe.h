#pragma once

#include <string>

#include "manifests/signing/request.h"
#include "manifests/trust/trusted_set.h"
#include "proto/outcome/result.h"

namespace lanyard::ceremony {

// In words for people, what a request asks to be signed: of every payload its version and expiry, what differs from
// what is published now (releases, commands, keys, thresholds), who has to sign it and who has. Computed from the very
// bytes that are signed; nothing that a file merely claims is shown. What is compared with must be signed by its own
// keys.
Result<std::string> describe(signing::Request const& request, trust::TimePoint now);

}  // namespace lanyard::ceremony
