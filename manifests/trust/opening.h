#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "manifests/trust/envelope.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/envelope.pb.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::trust {

inline constexpr std::uint64_t kMaxMetadataVersion = (std::uint64_t{1} << 53) - 1;
inline constexpr int kMaxTargets = 50'000;
inline constexpr int kMaxDelegations = 10'000;

// The most bytes of an envelope of that role.
std::size_t max_bytes(RoleName role);

// Takes the envelope apart; nothing of the payload has been looked at, and no signature. Refuses what is larger than
// the role may be, of another payload type, or has two signatures under one key id.
Result<v1::Envelope> take_apart(RoleName role, std::string_view bytes);

// The payloads, checked for everything that does not depend on other metadata: no unknown critical field at any depth,
// spec, version, expiry and references in range. Only for payloads whose signatures have been verified.
Result<v1::Root> parse_root(std::string const& payload);
Result<v1::Timestamp> parse_timestamp(std::string const& payload);
Result<v1::Snapshot> parse_snapshot(std::string const& payload);
Result<v1::Targets> parse_targets(std::string const& payload);

// "2026-01-31T10:00:00Z"
std::string utc(std::chrono::sys_seconds time);

}  // namespace lanyard::trust
