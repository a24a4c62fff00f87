#include "manifests/trust/trusted_set.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "manifests/release/in_quotes.h"
#include "manifests/trust/errc.h"
#include "manifests/trust/opening.h"

namespace lanyard::trust {
namespace {

using release::in_quotes;

tl::unexpected<Error> out_of_order(char const* step) {
    return fail(Errc::out_of_order, std::string(step) + " was called out of order; this is a bug, please report it");
}

std::string version(std::uint64_t number) { return "version " + std::to_string(number); }

tl::unexpected<Error> rollback(std::string const& what, std::uint64_t next, std::uint64_t trusted) {
    return fail(Errc::rollback, what + ": " + version(next) + " is older than the trusted " + version(trusted) +
                                    " (rollback); the seeder was restored from an old copy, or somebody replays one");
}

tl::unexpected<Error> mix_and_match(std::string const& role, std::string const& what) {
    return fail(Errc::mix_and_match,
                role + ": " + what + " (mix-and-match); the files are being replaced, or are not of one publication");
}

v1::MetaRef const* find_meta(v1::Snapshot const& snapshot, std::string_view name) {
    auto const meta = std::find_if(snapshot.metas().begin(), snapshot.metas().end(),
                                   [&](v1::MetaRef const& m) { return m.name() == name; });
    return meta == snapshot.metas().end() ? nullptr : &*meta;
}

// Before any signature: what was fetched must be the very file that was named.
Status check_named(std::string const& role, v1::MetaRef const& meta, std::string_view bytes) {
    if (bytes.size() > meta.length()) {
        return fail(Errc::endless_data, role + ": it has " + std::to_string(bytes.size()) + " bytes where " +
                                            std::to_string(meta.length()) + " were signed");
    }
    if (bytes.size() != meta.length()) {
        return mix_and_match(role, "it has " + std::to_string(bytes.size()) + " bytes where " +
                                       std::to_string(meta.length()) + " were signed");
    }
    if (sha256(bytes).to_raw() != meta.sha256())
        return mix_and_match(role, "its SHA-256 is not the one that was signed");
    return {};
}

Status check_named_version(std::string const& role, v1::MetaRef const& meta, std::uint64_t found) {
    if (meta.version() == found) return {};
    return mix_and_match(role, "it is " + version(found) + " where " + version(meta.version()) + " was named");
}

// The verified payload of an envelope.
Result<std::string> open(RoleName type, std::string const& role, Signatories const& signatories,
                         std::string_view bytes) {
    auto envelope = take_apart(type, bytes);
    if (!envelope) return pass_on(envelope);
    if (auto const signed_by = signatories.verify(role, *envelope); !signed_by) return pass_on(signed_by);
    return std::move(*envelope->mutable_payload());
}

std::vector<int> sorted_by_path(v1::Targets const& targets) {
    std::vector<int> order(static_cast<std::size_t>(targets.targets_size()));
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&](int a, int b) { return targets.targets(a).path() < targets.targets(b).path(); });
    return order;
}

}  // namespace

TrustedSet::TrustedSet(TimePoint now, v1::Root root, Keyring keyring)
    : now_(now), root_(std::move(root)), keyring_(std::move(keyring)) {}

Result<TrustedSet> TrustedSet::from_trusted_root(std::string_view root_envelope, TimePoint now) {
    auto const envelope = take_apart(RoleName::root, root_envelope);
    if (!envelope) return pass_on(envelope);
    // The one payload that has to be parsed before its signatures can be verified: its keys are inside.
    auto root = parse_root(envelope->payload());
    if (!root) return pass_on(root);
    auto keyring = Keyring::of(*root);
    if (!keyring) return pass_on(keyring);
    if (auto const fine = keyring->verify(RoleName::root, *envelope); !fine) return pass_on(fine);
    return TrustedSet(now, std::move(*root), std::move(*keyring));
}

Status TrustedSet::update_root(std::string_view bytes) {
    if (root_finished_) return out_of_order("update_root");
    if (rotations_ == kMaxRootRotations) {
        return fail(Errc::endless_data, "root: more than " + std::to_string(kMaxRootRotations) +
                                            " follow each other; the rest is left for the next refresh");
    }
    auto const envelope = take_apart(RoleName::root, bytes);
    if (!envelope) return pass_on(envelope);
    if (auto const by_old = keyring_.verify(RoleName::root, *envelope); !by_old) {
        return pass_on(by_old, "by the keys of root " + std::to_string(root_.version()));
    }
    auto next = parse_root(envelope->payload());
    if (!next) return pass_on(next);
    if (auto const same = check_repository("root", next->repo_id()); !same) return same;
    if (next->version() < root_.version()) return rollback("root", next->version(), root_.version());
    if (next->version() != root_.version() + 1) {
        return fail(Errc::version_gap, "root: " + version(next->version()) + " cannot follow the trusted " +
                                           version(root_.version()) + "; every root in between has to be served");
    }
    auto keyring = Keyring::of(*next);
    if (!keyring) return pass_on(keyring);
    if (auto const by_new = keyring->verify(RoleName::root, *envelope); !by_new) {
        return pass_on(by_new, "by its own keys");
    }
    rotated_ = rotated_ || !keyring->same_keys(RoleName::timestamp, keyring_) ||
               !keyring->same_keys(RoleName::snapshot, keyring_);
    root_ = std::move(*next);
    keyring_ = std::move(*keyring);
    ++rotations_;
    return {};
}

Status TrustedSet::finish_root() {
    if (root_finished_) return out_of_order("finish_root");
    if (auto const fresh = check_expiry("root", root_.expires()); !fresh) return fresh;
    root_finished_ = true;
    return {};
}

Status TrustedSet::load_trusted_timestamp(std::string_view bytes) {
    if (!root_finished_ || timestamp_) return out_of_order("load_trusted_timestamp");
    auto loaded = open_timestamp(bytes);
    if (!loaded) return pass_on(loaded);
    trusted_timestamp_ = std::move(*loaded);
    return {};
}

Status TrustedSet::load_trusted_snapshot(std::string_view bytes) {
    if (!root_finished_ || snapshot_) return out_of_order("load_trusted_snapshot");
    auto loaded = open_snapshot(bytes);
    if (!loaded) return pass_on(loaded);
    trusted_snapshot_ = std::move(*loaded);
    return {};
}

Result<TrustedSet::Fresh> TrustedSet::update_timestamp(std::string_view bytes) {
    if (!root_finished_ || snapshot_) return out_of_order("update_timestamp");
    auto next = open_timestamp(bytes);
    if (!next) return pass_on(next);
    if (auto const& trusted = trusted_timestamp_) {
        if (next->version() < trusted->version()) return rollback("timestamp", next->version(), trusted->version());
        if (next->version() == trusted->version()) {
            // 5.4.3.1: the new one is not looked at any further, so it is the trusted one that must still be fresh.
            if (auto const fresh = check_expiry("timestamp", trusted->expires()); !fresh) return pass_on(fresh);
            timestamp_ = trusted;
            return Fresh::unchanged;
        }
        auto const snapshot = next->snapshot().version();
        auto const trusted_snapshot = trusted->snapshot().version();
        if (snapshot < trusted_snapshot) return rollback("timestamp: its snapshot", snapshot, trusted_snapshot);
    }
    if (auto const fresh = check_expiry("timestamp", next->expires()); !fresh) return pass_on(fresh);
    trusted_timestamp_ = *next;
    timestamp_ = std::move(*next);
    return Fresh::newer;
}

Status TrustedSet::update_snapshot(std::string_view bytes) {
    if (!timestamp_ || targets_) return out_of_order("update_snapshot");
    auto const& meta = timestamp_->snapshot();
    if (auto const named = check_named("snapshot", meta, bytes); !named) return named;
    auto next = open_snapshot(bytes);
    if (!next) return pass_on(next);
    if (auto const same = check_named_version("snapshot", meta, next->version()); !same) return same;
    if (auto const newer = check_against_trusted(*next); !newer) return newer;
    if (auto const fresh = check_expiry("snapshot", next->expires()); !fresh) return fresh;
    trusted_snapshot_ = *next;
    snapshot_ = std::move(*next);
    return {};
}

Status TrustedSet::update_targets(std::string_view bytes) {
    if (!snapshot_ || targets_) return out_of_order("update_targets");
    auto next = open_targets("targets", keyring_.of_role(RoleName::targets), bytes);
    if (!next) return pass_on(next);
    by_path_ = sorted_by_path(*next);
    targets_ = std::move(*next);
    return {};
}

v1::MetaRef const* TrustedSet::named(std::string_view role) const {
    return snapshot_ ? find_meta(*snapshot_, role) : nullptr;
}

Result<v1::Targets> TrustedSet::open_targets(std::string const& role, Signatories const& signatories,
                                             std::string_view bytes) const {
    auto const* meta = named(role);
    if (!meta) {
        return fail(Errc::mix_and_match, role +
                                             ": the snapshot does not name it, so nobody can tell which version of it "
                                             "belongs to the others (mix-and-match)");
    }
    if (auto const same = check_named(role, *meta, bytes); !same) return pass_on(same);
    auto const payload = open(RoleName::targets, role, signatories, bytes);
    if (!payload) return pass_on(payload);
    auto targets = parse_targets(*payload);
    if (!targets) return targets;
    if (auto const same = check_repository(role, targets->repo_id()); !same) return pass_on(same);
    if (auto const same = check_named_version(role, *meta, targets->version()); !same) return pass_on(same);
    if (auto const fresh = check_expiry(role, targets->expires()); !fresh) return pass_on(fresh);
    return targets;
}

Result<release::Target> TrustedSet::find(std::string_view path) const {
    if (!targets_) return out_of_order("find");
    auto const at = std::lower_bound(by_path_.begin(), by_path_.end(), path,
                                     [&](int i, std::string_view p) { return targets_->targets(i).path() < p; });
    if (at == by_path_.end() || targets_->targets(*at).path() != path) {
        return fail(Errc::no_such_target, "the manifest has no target " + in_quotes(path));
    }
    auto target = release::Target::from_proto(targets_->targets(*at));
    if (!target) return fail(Errc::malformed, "targets: " + target.error().detail);
    return target;
}

Result<v1::Timestamp> TrustedSet::open_timestamp(std::string_view bytes) const {
    auto const payload = open(RoleName::timestamp, "timestamp", keyring_.of_role(RoleName::timestamp), bytes);
    if (!payload) return pass_on(payload);
    auto timestamp = parse_timestamp(*payload);
    if (!timestamp) return timestamp;
    if (auto const same = check_repository("timestamp", timestamp->repo_id()); !same) return pass_on(same);
    return timestamp;
}

Result<v1::Snapshot> TrustedSet::open_snapshot(std::string_view bytes) const {
    auto const payload = open(RoleName::snapshot, "snapshot", keyring_.of_role(RoleName::snapshot), bytes);
    if (!payload) return pass_on(payload);
    auto snapshot = parse_snapshot(*payload);
    if (!snapshot) return snapshot;
    if (auto const same = check_repository("snapshot", snapshot->repo_id()); !same) return pass_on(same);
    return snapshot;
}

Status TrustedSet::check_repository(std::string const& role, std::string const& repo_id) const {
    if (repo_id == root_.repo_id()) return {};
    return fail(Errc::wrong_repository,
                role +
                    ": it belongs to another repository than the trusted root; the address of the "
                    "seeder is wrong, or somebody replays files of another one");
}

Status TrustedSet::check_expiry(std::string const& role, std::int64_t expires) const {
    TimePoint const end{std::chrono::seconds(expires)};
    if (now_ < end) return {};
    return fail(Errc::freeze, role + ": it expired at " + utc(end) + " and it is " + utc(now_) +
                                  " (freeze); the seeder has stopped signing, somebody holds new files back, or the "
                                  "clock of this machine is wrong");
}

// 5.5.5: neither the snapshot nor anything it names may go back, and nothing may disappear from it.
Status TrustedSet::check_against_trusted(v1::Snapshot const& next) const {
    if (!trusted_snapshot_) return {};
    if (next.version() < trusted_snapshot_->version()) {
        return rollback("snapshot", next.version(), trusted_snapshot_->version());
    }
    std::unordered_map<std::string_view, std::uint64_t> versions;
    for (auto const& meta : next.metas()) versions.emplace(meta.name(), meta.version());
    for (auto const& trusted : trusted_snapshot_->metas()) {
        auto const now_at = versions.find(trusted.name());
        if (now_at == versions.end()) {
            return fail(Errc::rollback, "snapshot: it no longer names " + in_quotes(trusted.name()) +
                                            ", which it did before (rollback)");
        }
        if (now_at->second < trusted.version()) {
            return rollback("snapshot: its " + in_quotes(trusted.name()), now_at->second, trusted.version());
        }
    }
    return {};
}

}  // namespace lanyard::trust
