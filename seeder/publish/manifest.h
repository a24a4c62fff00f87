#pragma once

#include <cstdint>
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
};

// The keys this process holds; null: it does not hold that one.
struct Signers {
    signing::Signer const* root = nullptr;
    signing::Signer const* targets = nullptr;
    signing::Signer const* snapshot = nullptr;
    signing::Signer const* timestamp = nullptr;
};

// What follows is pure: nothing is stored.

// Root version 1 with one key a role and threshold 1. Needs all four keys.
Result<SignedRole> sign_first_root(std::string const& repo_id, Signers const& signers, trust::TimePoint now);

// Both hold until `not_before` at least: nothing that is replaced by them may have held longer.
Result<SignedRole> sign_targets(std::string const& repo_id, std::uint64_t version,
                                std::vector<v1::Target> const& targets, Signers const& signers, trust::TimePoint now,
                                std::int64_t not_before = 0);
Result<SignedRole> sign_snapshot(std::string const& repo_id, std::uint64_t version, SignedRole const& targets,
                                 Signers const& signers, trust::TimePoint now, std::int64_t not_before = 0);
Result<SignedRole> sign_timestamp(std::string const& repo_id, std::uint64_t version, SignedRole const& snapshot,
                                  Signers const& signers, trust::TimePoint now);

// How far a node must be able to go with a set.
enum class Depth { timestamp_and_snapshot, all };

// Walks a node through `next`, from the first root on and with what it has of `before`: what a node would refuse is
// never published. A `target_path` that is named must be found in it.
Status verify_as_node(std::optional<Manifest> const& before, Manifest const& next, Depth depth,
                      std::optional<std::string> const& target_path, trust::TimePoint now);

}  // namespace lanyard::publish
