#pragma once

#include <optional>
#include <span>

#include "manifests/release/names.h"
#include "proto/schema/lanyard/v1/check.pb.h"
#include "seeder/catalogue/catalogue.h"

namespace lanyard::rollout {

// The release a node should be offered: of `candidates`, the one of its application and channel that runs on `machine`
// and has the highest version above `running` (Semantic Versioning 2.0.0, section 11; an empty version is below all).
// Of packages for the same version the one made for this machine comes before one for any. Nothing for a version, name
// or channel that is none.
std::optional<catalogue::Candidate> choose_release(std::span<catalogue::Candidate const> candidates,
                                                   v1::RunningApp const& running, release::Platform const& machine);

}  // namespace lanyard::rollout
