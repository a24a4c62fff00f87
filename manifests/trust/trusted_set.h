#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifests/release/target.h"
#include "manifests/trust/keyring.h"
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
// parsed; a refused step leaves the set as it was. Error codes (errc.h) name the attack it would have been, details the
// role, too; a step at the wrong time is Errc::out_of_order. For each step the order of checks is: size, what the role
// above says of the file (length, SHA-256), payload type, signatures, and only then the payload.
//
// The caller fetches, keeps the size caps above, and persists each accepted file before the next step.
class TrustedSet {
public:
    // `root_envelope` is the locally trusted root (its expiry does not matter yet). `now` is fixed for one refresh.
    static Result<TrustedSet> from_trusted_root(std::string_view root_envelope, TimePoint now);

    // 5.3: the next root, signed by thresholds of the old and the new keys, version exactly one higher. An expired one
    // is accepted here, so that a client can walk past it.
    Status update_root(std::string_view envelope);
    // Ends the root step: the newest root must not have expired. All that follows needs this.
    Status finish_root();

    // What was persisted by an earlier refresh: what the new files may not fall behind. Expired is fine here, and so is
    // a snapshot that is not the one a new timestamp names; not signed by today's keys or unparsable is not, and the
    // caller then drops it and goes on. Before update_timestamp() and update_snapshot() respectively.
    Status load_trusted_timestamp(std::string_view envelope);
    Status load_trusted_snapshot(std::string_view envelope);

    // 5.4. `unchanged`: the same version as the trusted one, discarded without error; go on with the persisted files.
    enum class Fresh { newer, unchanged };
    Result<Fresh> update_timestamp(std::string_view envelope);
    // 5.5, 5.6: fetched, or persisted by an earlier refresh and still the ones that the role above names.
    Status update_snapshot(std::string_view envelope);
    Status update_targets(std::string_view envelope);

    v1::Root const& root() const { return root_; }
    // Null before their step.
    v1::Timestamp const* timestamp() const { return timestamp_ ? &*timestamp_ : nullptr; }
    v1::Snapshot const* snapshot() const { return snapshot_ ? &*snapshot_ : nullptr; }
    v1::Targets const* targets() const { return targets_ ? &*targets_ : nullptr; }

    // True when an update_root() gave the timestamp or snapshot role other keys: the caller deletes both persisted
    // files before it loads them (fast-forward recovery, 5.3.11).
    bool keys_were_rotated() const { return rotated_; }

    // A targets role, delegated or not: the file that the snapshot names, signed by a threshold of `signatories`, of
    // this repository, not expired. For Search; only after update_snapshot().
    Result<v1::Targets> open_targets(std::string const& role, Signatories const& signatories,
                                     std::string_view envelope) const;
    // What the snapshot says of a role; null when it does not name it, and before update_snapshot().
    v1::MetaRef const* named(std::string_view role) const;

    // A target by its path, every field checked, of those that the top-level targets themselves name (Search goes on
    // with the delegated roles). Only after update_targets(). One that this program cannot use (a
    // package type of the future, say) makes the others no worse: it is refused here and not by update_targets().
    Result<release::Target> find(std::string_view path) const;

private:
    TrustedSet(TimePoint now, v1::Root root, Keyring keyring);

    Result<v1::Timestamp> open_timestamp(std::string_view envelope) const;
    Result<v1::Snapshot> open_snapshot(std::string_view envelope) const;
    Status check_repository(std::string const& role, std::string const& repo_id) const;
    Status check_expiry(std::string const& role, std::int64_t expires) const;
    Status check_against_trusted(v1::Snapshot const& next) const;

    TimePoint now_;
    v1::Root root_;
    Keyring keyring_;
    std::size_t rotations_ = 0;
    bool rotated_ = false;
    bool root_finished_ = false;
    // The newest ever seen, expired or not: what new ones are held against.
    std::optional<v1::Timestamp> trusted_timestamp_;
    std::optional<v1::Snapshot> trusted_snapshot_;
    // Of this refresh.
    std::optional<v1::Timestamp> timestamp_;
    std::optional<v1::Snapshot> snapshot_;
    std::optional<v1::Targets> targets_;
    std::vector<int> by_path_;  // positions in targets_, sorted by path
};

}  // namespace lanyard::trust
