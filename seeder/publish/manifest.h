#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifests/signing/signer.h"
#include "manifests/trust/envelope.h"
#include "manifests/trust/trusted_set.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::publish {

// One signed file of the manifest, with what must be known of it without opening it.
struct SignedRole {
    std::uint64_t version = 0;
    std::int64_t expires = 0;  // Unix seconds
    std::string envelope;      // as served
};

// The newest set: every root, and one each of the others.
struct Manifest {
    std::vector<SignedRole> roots;  // version 1 first
    SignedRole targets;
    SignedRole snapshot;
    SignedRole timestamp;
    std::map<std::string, SignedRole> delegated;  // also of delegations that were removed: nothing leaves a snapshot
};

// The private keys this process holds, of any role.
using Signers = std::vector<signing::Signer const*>;

// What follows is pure: nothing is stored.

// The payload of a root or targets envelope of ours.
Result<v1::Root> root_in(SignedRole const& signed_role);
Result<v1::Targets> targets_in(SignedRole const& signed_role);

// Holds until `not_before` at least: nothing that is replaced by it may have held longer.
v1::Targets make_targets(std::string const& repo_id, std::uint64_t version, std::vector<v1::Target> const& targets,
                         trust::TimePoint now, std::int64_t not_before = 0);

// Signed by those of `signers` that the root names for the role. missing_key when they are too few; too_large;
// used_up when there is no higher version.
// The snapshot names targets and delegated roles as they are in `manifest`.
Result<SignedRole> sign_snapshot(v1::Root const& root, std::uint64_t version, Manifest const& manifest,
                                 Signers const& signers, trust::TimePoint now, std::int64_t not_before = 0);
Result<SignedRole> sign_timestamp(v1::Root const& root, std::uint64_t version, SignedRole const& snapshot,
                                  Signers const& signers, trust::TimePoint now);

// How an envelope that has all its signatures is stored. too_large when no node would read it.
Result<SignedRole> sealed(trust::RoleName role, v1::Envelope const& envelope);

// The next version. What is used up begins anew once nodes have forgotten it, which they do when the keys of timestamp
// or snapshot change.
std::uint64_t version_after(std::uint64_t stored, std::uint64_t seen, bool nodes_forget);

// Whether the keys that the root names for the role have signed it.
bool is_signed_by(v1::Root const& root, trust::RoleName role, SignedRole const& signed_role);

// The same for a role that these targets delegate to.
bool is_signed_by(v1::Targets const& delegator, std::string const& role, SignedRole const& signed_role);

// How far a node must be able to go with a set.
enum class Depth { timestamp_and_snapshot, all };

// Walks a node through `next`, with what it has of `before` and from the newest root of that on: what a node would
// refuse is never published. A `target_path` that is named must be found in it.
Status verify_as_node(std::optional<Manifest> const& before, Manifest const& next, Depth depth,
                      std::optional<std::string> const& target_path, trust::TimePoint now);

}  // namespace lanyard::publish
