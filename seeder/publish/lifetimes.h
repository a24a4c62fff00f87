#pragma once

#include <chrono>

namespace lanyard::publish {

// How long signed metadata holds. The shorter, the sooner a node notices that somebody withholds news from it; the
// longer, the longer a seeder may be away before its nodes refuse what it says.
namespace lifetime {

using Days = std::chrono::days;

// Its keys lie offline, and every renewal is a ceremony that people must find time for.
inline constexpr Days kRoot{3 * 365};
// Renewed by every publish and withdrawal; only a repository that rests for a year needs a thought.
inline constexpr Days kTargets{365};
// Signed by the serving seeder itself; a month covers a machine that is down over the holidays.
inline constexpr Days kSnapshot{30};
// The only role that nodes poll: bounds how long an attacker can hide a release from them. A week survives a seeder
// that fails on a Friday.
inline constexpr Days kTimestamp{7};

// The operator is told this long before people must act.
inline constexpr Days kWarnRoot{90};
inline constexpr Days kWarnTargets{30};
// A serving seeder renews these at half of their life: so little is left only when none serves, or cannot sign.
inline constexpr Days kWarnSnapshot{10};
inline constexpr Days kWarnTimestamp{3};

}  // namespace lifetime
}  // namespace lanyard::publish
