#include "seeder/publish/manifest.h"

#include <algorithm>

#include "manifests/release/digest.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/lifetimes.h"

namespace lanyard::publish {
namespace {

using trust::RoleName;

constexpr std::uint32_t kSpec = 1;

std::int64_t unix_seconds(trust::TimePoint time) { return time.time_since_epoch().count(); }

trust::TimePoint at(std::int64_t unix_time) { return trust::TimePoint(std::chrono::seconds(unix_time)); }

std::string raw(release::Digest const& digest) {
    auto const& bytes = digest.bytes();
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

v1::MetaRef reference(char const* name, SignedRole const& role) {
    v1::MetaRef meta;
    meta.set_name(name);
    meta.set_version(role.version);
    meta.set_length(role.envelope.size());
    meta.set_sha256(raw(trust::sha256(role.envelope)));
    return meta;
}

template <class Message>
void fill_head(Message& message, std::string const& repo_id, std::uint64_t version, trust::TimePoint expires) {
    message.set_spec(kSpec);
    message.set_repo_id(repo_id);
    message.set_version(version);
    message.set_expires(unix_seconds(expires));
}

std::size_t cap(RoleName role) {
    switch (role) {
        case RoleName::root:
            return trust::kMaxRootBytes;
        case RoleName::timestamp:
            return trust::kMaxTimestampBytes;
        case RoleName::snapshot:
            return trust::kMaxSnapshotBytes;
        case RoleName::targets:
            return trust::kMaxTargetsBytes;
    }
    return 0;
}

template <class Message>
Result<SignedRole> seal(RoleName role, Message const& message, signing::Signer const* signer) {
    std::string const name = trust::text(role);
    if (!signer) {
        return fail(Errc::missing_key, "the " + name + " metadata cannot be signed: its key is not here; put keys/" +
                                           name + ".pem back into the state directory");
    }
    auto envelope = signing::sign_envelope(role, message.SerializeAsString(), {&signer, 1});
    if (!envelope) return pass_on(envelope);
    if (envelope->size() > cap(role)) {
        return fail(Errc::too_large, "the " + name + " metadata would have " + std::to_string(envelope->size()) +
                                         " bytes, and nodes read at most " + std::to_string(cap(role)) +
                                         ": withdraw old releases first");
    }
    return SignedRole{message.version(), message.expires(), std::move(*envelope)};
}

void add_role(v1::Root& root, v1::Role& role, signing::Signer const& signer) {
    auto const key = signer.public_key();
    *root.add_keys() = key;
    role.add_keyids(raw(trust::key_id(key)));
    role.set_threshold(1);
}

}  // namespace

Result<SignedRole> sign_first_root(std::string const& repo_id, Signers const& signers, trust::TimePoint now) {
    v1::Root root;
    fill_head(root, repo_id, 1, now + lifetime::kRoot);
    add_role(root, *root.mutable_root(), *signers.root);
    add_role(root, *root.mutable_timestamp(), *signers.timestamp);
    add_role(root, *root.mutable_snapshot(), *signers.snapshot);
    add_role(root, *root.mutable_targets(), *signers.targets);
    return seal(RoleName::root, root, signers.root);
}

Result<SignedRole> sign_targets(std::string const& repo_id, std::uint64_t version,
                                std::vector<v1::Target> const& targets, Signers const& signers, trust::TimePoint now,
                                std::int64_t not_before) {
    v1::Targets message;
    fill_head(message, repo_id, version, std::max(now + lifetime::kTargets, at(not_before)));
    for (auto const& target : targets) *message.add_targets() = target;
    return seal(RoleName::targets, message, signers.targets);
}

Result<SignedRole> sign_snapshot(std::string const& repo_id, std::uint64_t version, SignedRole const& targets,
                                 Signers const& signers, trust::TimePoint now, std::int64_t not_before) {
    v1::Snapshot message;
    fill_head(message, repo_id, version, std::max(now + lifetime::kSnapshot, at(not_before)));
    *message.add_metas() = reference("targets", targets);
    return seal(RoleName::snapshot, message, signers.snapshot);
}

Result<SignedRole> sign_timestamp(std::string const& repo_id, std::uint64_t version, SignedRole const& snapshot,
                                  Signers const& signers, trust::TimePoint now) {
    v1::Timestamp message;
    fill_head(message, repo_id, version, now + lifetime::kTimestamp);
    *message.mutable_snapshot() = reference("snapshot", snapshot);
    return seal(RoleName::timestamp, message, signers.timestamp);
}

Status verify_as_node(std::optional<Manifest> const& before, Manifest const& next, Depth depth,
                      std::optional<std::string> const& target_path, trust::TimePoint now) {
    auto set = trust::TrustedSet::from_trusted_root(next.roots.front().envelope, now);
    if (!set) return pass_on(set);
    for (std::size_t i = 1; i < next.roots.size(); ++i) {
        if (auto const root = set->update_root(next.roots[i].envelope); !root) return root;
    }
    if (auto const finished = set->finish_root(); !finished) return finished;
    if (before) {
        // What no longer verifies, because the keys were rotated, a node drops and goes on.
        auto const loaded = set->load_trusted_timestamp(before->timestamp.envelope);
        if (loaded) static_cast<void>(set->load_trusted_snapshot(before->snapshot.envelope));
    }
    if (auto const timestamp = set->update_timestamp(next.timestamp.envelope); !timestamp) return pass_on(timestamp);
    if (auto const snapshot = set->update_snapshot(next.snapshot.envelope); !snapshot) return snapshot;
    if (depth == Depth::timestamp_and_snapshot) return {};
    if (auto const targets = set->update_targets(next.targets.envelope); !targets) return targets;
    if (target_path) {
        if (auto const found = set->find(*target_path); !found) return pass_on(found);
    }
    return {};
}

}  // namespace lanyard::publish
