#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifests/release/target.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::trust {

using TimePoint = std::chrono::sys_seconds;

// What a client fetches at most of each role (the numbers of the TUF reference clients).
inline constexpr std::size_t kMaxRootBytes = 512'000;
inline constexpr std::size_t kMaxTimestampBytes = 16'384;
inline constexpr std::size_t kMaxSnapshotBytes = 2'000'000;
inline constexpr std::size_t kMaxTargetsBytes = 5'000'000;
inline constexpr std::size_t kMaxRootRotations = 256;

// The TUF client workflow (specification 1.0.34, section 5) without its input and output: bytes in, verdicts out. Takes
// steps only in the order root, timestamp, snapshot, targets. The bytes that were verified are the bytes that are
// parsed; a refused step leaves the set as it was. Error details name the role and the attack it would have been.
//
// The caller fetches, keeps the size caps above, and persists each accepted file before the next step.
class TrustedSet {
public:
    // `root_envelope` is the locally trusted root (its expiry does not matter yet). `now` is fixed for one refresh.
    static Result<TrustedSet> from_trusted_root(std::string_view root_envelope, TimePoint now);

    // 5.3: the next root, signed by thresholds of the old and the new keys, version exactly one higher.
    Status update_root(std::string_view envelope);
    // Ends the root step: the newest root must not have expired.
    Status finish_root();

    // Loads what was persisted by an earlier refresh. Expired is fine here (freshness is judged on the new one), unsigned
    // or unparsable is not; the caller then drops it and goes on.
    Status load_trusted_timestamp(std::string_view envelope);
    Status load_trusted_snapshot(std::string_view envelope);

    // 5.4. `unchanged`: the same version as the trusted one, discarded without error; go on with the persisted files.
    enum class Fresh { newer, unchanged };
    Result<Fresh> update_timestamp(std::string_view envelope);
    // 5.5, 5.6
    Status update_snapshot(std::string_view envelope);
    Status update_targets(std::string_view envelope);

    v1::Root const& root() const;
    // Null before their step.
    v1::Timestamp const* timestamp() const;
    v1::Snapshot const* snapshot() const;
    v1::Targets const* targets() const;

    // True once when update_root() replaced the timestamp or snapshot keys: the caller deletes both persisted files
    // (fast-forward recovery, 5.3.11).
    bool keys_were_rotated() const;

    // A target by its path, checked. Only after update_targets().
    Result<release::Target> find(std::string_view path) const;

private:
    explicit TrustedSet(TimePoint now) : now_(now) {}

    TimePoint now_;
    // (the room decides)
};

}  // namespace lanyard::trust
