#pragma once

#include <optional>
#include <string>

#include "manifests/signing/request.h"
#include "manifests/trust/trusted_set.h"
#include "proto/outcome/result.h"
#include "seeder/ceremony/published.h"

namespace lanyard::ceremony {

// In words for people, what a request asks to be signed: of every payload its version and expiry, what differs from
// what is published now (releases, commands, keys, thresholds), who has to sign it and who has. Computed from the very
// bytes that are signed; nothing that a file merely claims is shown. Without `published` everything is shown as new.
Result<std::string> describe(signing::Request const& request, std::optional<Published> const& published,
                             trust::TimePoint now);

}  // namespace lanyard::ceremony
