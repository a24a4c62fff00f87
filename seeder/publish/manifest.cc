#include "seeder/publish/manifest.h"

#include <algorithm>

#include "manifests/release/digest.h"
#include "manifests/trust/keyring.h"
#include "manifests/trust/opening.h"
#include "manifests/trust/search.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/lifetimes.h"

namespace lanyard::publish {
namespace {

using trust::RoleName;

constexpr std::uint32_t kSpec = 1;

std::int64_t unix_seconds(trust::TimePoint time) { return time.time_since_epoch().count(); }

trust::TimePoint at(std::int64_t unix_time) { return trust::TimePoint(std::chrono::seconds(unix_time)); }

v1::MetaRef reference(std::string const& name, SignedRole const& role) {
    v1::MetaRef meta;
    meta.set_name(name);
    meta.set_version(role.version);
    meta.set_length(role.envelope.size());
    meta.set_sha256(trust::sha256(role.envelope).to_raw());
    return meta;
}

template <class Message>
void fill_head(Message& message, std::string const& repo_id, std::uint64_t version, trust::TimePoint expires) {
    message.set_spec(kSpec);
    message.set_repo_id(repo_id);
    message.set_version(version);
    message.set_expires(unix_seconds(expires));
}

Status check_size(RoleName role, std::size_t size) {
    if (size <= trust::max_bytes(role)) return {};
    return fail(Errc::too_large, "the " + std::string(trust::text(role)) + " metadata would have " +
                                     std::to_string(size) + " bytes, and nodes read at most " +
                                     std::to_string(trust::max_bytes(role)) + ": withdraw old releases first");
}

Signers those_of(v1::Role const& role, Signers const& signers) {
    Signers chosen;
    for (auto const* signer : signers) {
        auto const id = trust::key_id(signer->public_key()).to_raw();
        bool const named = std::find(role.keyids().begin(), role.keyids().end(), id) != role.keyids().end();
        bool const twice = std::any_of(chosen.begin(), chosen.end(), [&](signing::Signer const* other) {
            return trust::key_id(other->public_key()).to_raw() == id;
        });
        if (named && !twice) chosen.push_back(signer);
    }
    return chosen;
}

template <class Message>
Result<SignedRole> seal(RoleName role, Message const& message, v1::Role const& keys, Signers const& signers) {
    std::string const name = trust::text(role);
    if (message.version() > trust::kMaxMetadataVersion) {
        return fail(Errc::used_up, "there is no version of the " + name +
                                       " metadata above the last one: somebody has signed it with a leaked key; "
                                       "`lanyard-seeder key rotate --role timestamp --role snapshot` begins anew");
    }
    auto const chosen = those_of(keys, signers);
    if (chosen.size() < keys.threshold()) {
        return fail(Errc::missing_key, "the " + name + " metadata cannot be signed: its key is not here; put keys/" +
                                           name + ".pem back into the state directory");
    }
    auto envelope = signing::sign_envelope(role, message.SerializeAsString(), chosen);
    if (!envelope) return pass_on(envelope);
    if (auto const fits = check_size(role, envelope->size()); !fits) return pass_on(fits);
    return SignedRole{message.version(), message.expires(), std::move(*envelope)};
}

Result<std::string> payload_of(SignedRole const& signed_role) {
    v1::Envelope envelope;
    if (!envelope.ParseFromString(signed_role.envelope)) {
        return fail(Errc::damaged_manifest, "seeder.db holds metadata that cannot be read: restore it from a backup");
    }
    return std::move(*envelope.mutable_payload());
}

// As a node does when it is offered that target: by way of the delegations.
Status find_as_node(trust::TrustedSet const& set, Manifest const& next, std::string const& target_path) {
    trust::Search search(set, target_path);
    while (auto const* role = search.wanted()) {
        auto const there = next.delegated.find(role->name());
        auto const taken = search.take(there == next.delegated.end() ? std::string() : there->second.envelope);
        if (!taken) return taken;
    }
    auto const found = search.result();
    return found ? Status() : pass_on(found);
}

// A role that is delegated to is signed by the keys of its delegation.
Status check_delegated(Manifest const& next) {
    auto const targets = targets_in(next.targets);
    if (!targets) return pass_on(targets);
    for (auto const& delegation : targets->delegations()) {
        auto const there = next.delegated.find(delegation.name());
        if (there == next.delegated.end() || is_signed_by(*targets, delegation.name(), there->second)) continue;
        return fail(Errc::missing_key, "the role '" + delegation.name() + "' is not signed by its keys");
    }
    return {};
}

}  // namespace

Result<v1::Root> root_in(SignedRole const& signed_role) {
    auto const payload = payload_of(signed_role);
    if (!payload) return pass_on(payload);
    return trust::parse_root(*payload);
}

Result<v1::Targets> targets_in(SignedRole const& signed_role) {
    auto const payload = payload_of(signed_role);
    if (!payload) return pass_on(payload);
    return trust::parse_targets(*payload);
}

std::uint64_t version_after(std::uint64_t stored, std::uint64_t seen, bool nodes_forget) {
    auto const last = std::max(stored, seen);
    return nodes_forget && last >= trust::kMaxMetadataVersion / 2 ? 1 : last + 1;
}

v1::Targets make_targets(std::string const& repo_id, std::uint64_t version, std::vector<v1::Target> const& targets,
                         trust::TimePoint now, std::int64_t not_before) {
    v1::Targets message;
    fill_head(message, repo_id, version, std::max(now + lifetime::kTargets, at(not_before)));
    for (auto const& target : targets) *message.add_targets() = target;
    return message;
}

Result<SignedRole> sign_snapshot(v1::Root const& root, std::uint64_t version, Manifest const& manifest,
                                 Signers const& signers, trust::TimePoint now, std::int64_t not_before) {
    v1::Snapshot message;
    fill_head(message, root.repo_id(), version, std::max(now + lifetime::kSnapshot, at(not_before)));
    *message.add_metas() = reference("targets", manifest.targets);
    for (auto const& [name, role] : manifest.delegated) *message.add_metas() = reference(name, role);
    return seal(RoleName::snapshot, message, root.snapshot(), signers);
}

Result<SignedRole> sign_timestamp(v1::Root const& root, std::uint64_t version, SignedRole const& snapshot,
                                  Signers const& signers, trust::TimePoint now) {
    v1::Timestamp message;
    fill_head(message, root.repo_id(), version, now + lifetime::kTimestamp);
    *message.mutable_snapshot() = reference("snapshot", snapshot);
    return seal(RoleName::timestamp, message, root.timestamp(), signers);
}

Result<SignedRole> sealed(RoleName role, v1::Envelope const& envelope) {
    SignedRole done;
    done.envelope = envelope.SerializeAsString();
    if (auto const fits = check_size(role, done.envelope.size()); !fits) return pass_on(fits);
    auto const put_head = [&](auto const& payload) -> Result<SignedRole> {
        if (!payload) return pass_on(payload);
        done.version = payload->version();
        done.expires = payload->expires();
        return done;
    };
    return role == RoleName::root ? put_head(root_in(done)) : put_head(targets_in(done));
}

bool is_signed_by(v1::Targets const& delegator, std::string const& role, SignedRole const& signed_role) {
    auto const table = trust::KeyTable::of("targets", delegator.keys());
    v1::Envelope envelope;
    if (!table || !envelope.ParseFromString(signed_role.envelope)) return false;
    for (auto const& delegation : delegator.delegations()) {
        if (delegation.name() != role) continue;
        auto const signatories =
            trust::Signatories::of("targets", role, *table, delegation.keyids(), delegation.threshold());
        return signatories && signatories->verify(role, envelope).has_value();
    }
    return false;
}

bool is_signed_by(v1::Root const& root, RoleName role, SignedRole const& signed_role) {
    auto const keyring = trust::Keyring::of(root);
    v1::Envelope envelope;
    return keyring && envelope.ParseFromString(signed_role.envelope) && keyring->verify(role, envelope).has_value();
}

Status verify_as_node(std::optional<Manifest> const& before, Manifest const& next, Depth depth,
                      std::optional<std::string> const& target_path, trust::TimePoint now) {
    // What came before was walked when it was added, and a chain may grow longer than a node walks in one refresh.
    auto const first = before ? before->roots.size() - 1 : 0;
    auto set = trust::TrustedSet::from_trusted_root(next.roots[first].envelope, now);
    if (!set) return pass_on(set);
    for (std::size_t i = first + 1; i < next.roots.size(); ++i) {
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
    if (auto const sound = check_delegated(next); !sound) return sound;
    return target_path ? find_as_node(*set, next, *target_path) : Status();
}

}  // namespace lanyard::publish
