#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "manifests/trust/trusted_set.h"
#include "proto/outcome/result.h"
#include "seeder/publish/lifetimes.h"
#include "seeder/publish/manifest.h"

namespace lanyard::publish {

bool has_expired(SignedRole const& role, trust::TimePoint now);
bool less_than_half_left(SignedRole const& role, lifetime::Days life, trust::TimePoint now);
trust::TimePoint signed_at(SignedRole const& role, lifetime::Days life);

// Whole days, rounded down; negative: so long ago.
std::int64_t days_left(std::int64_t expires, trust::TimePoint now);

// Clocks of people are set by hand: a signing may lie this long before the one before it.
inline constexpr std::chrono::hours kTolerance{1};

// wrong_clock when it is before the repository was founded, or before what was signed last: nodes would see what is
// signed now expire before what it replaces.
Status check_clock_by_root(Manifest const& before, trust::TimePoint now);
Status check_clock(Manifest const& before, trust::TimePoint now);

// What the operator must do before long, a sentence each: the roles that no serving seeder renews.
std::vector<std::string> expiry_warnings(Manifest const& manifest, trust::TimePoint now);
// The same for the roles that it does renew, for somebody who asks whether all is well.
std::vector<std::string> online_expiry_warnings(Manifest const& manifest, trust::TimePoint now);

}  // namespace lanyard::publish
