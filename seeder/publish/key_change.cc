#include "seeder/publish/key_change.h"

#include <algorithm>
#include <set>

#include "manifests/trust/keyring.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/lifetimes.h"

namespace lanyard::publish {
namespace {

using trust::RoleName;

constexpr std::size_t kLeastPrefix = 6;

v1::Role& mutable_role(v1::Root& root, RoleName role) {
    switch (role) {
        case RoleName::root:
            return *root.mutable_root();
        case RoleName::timestamp:
            return *root.mutable_timestamp();
        case RoleName::snapshot:
            return *root.mutable_snapshot();
        case RoleName::targets:
            break;
    }
    return *root.mutable_targets();
}

void put(v1::Root& root, RoleKeys const& change) {
    v1::Role role;
    for (auto const& key : change.keys) {
        *root.add_keys() = key;
        role.add_keyids(trust::key_id(key).to_raw());
    }
    role.set_threshold(change.threshold);
    mutable_role(root, change.role) = role;
}

Status check(RoleKeys const& change) {
    std::string const name = trust::text(change.role);
    std::set<std::string> ids;
    for (auto const& key : change.keys) ids.insert(trust::key_id(key).to_raw());
    if (ids.size() != change.keys.size()) {
        return fail(Errc::unsound_keys,
                    "the role " + name + " would have one key twice, which counts once: name " + "different keys");
    }
    if (change.threshold == 0 || change.threshold > change.keys.size()) {
        return fail(Errc::unsound_keys, "the role " + name + " would have " + std::to_string(change.keys.size()) +
                                            " keys, and " + std::to_string(change.threshold) +
                                            " of them would have to sign: name more with --key, or a --threshold " +
                                            "between 1 and the number of keys");
    }
    return {};
}

// A key that no role names any longer leaves the list; one that several name stands there once.
void tidy(v1::Root& root) {
    std::set<std::string> named;
    for (auto const role : {RoleName::root, RoleName::timestamp, RoleName::snapshot, RoleName::targets}) {
        auto const& ids = role_of(root, role).keyids();
        named.insert(ids.begin(), ids.end());
    }
    google::protobuf::RepeatedPtrField<v1::Key> kept;
    for (auto const& key : root.keys()) {
        if (named.erase(trust::key_id(key).to_raw()) == 1) *kept.Add() = key;
    }
    root.mutable_keys()->Swap(&kept);
}

}  // namespace

v1::Root make_first_root(std::string const& repo_id, std::vector<RoleKeys> const& roles, trust::TimePoint now) {
    v1::Root root;
    root.set_spec(1);
    root.set_repo_id(repo_id);
    root.set_version(1);
    root.set_expires((now + lifetime::kRoot).time_since_epoch().count());
    for (auto const& role : roles) put(root, role);
    tidy(root);
    return root;
}

Result<v1::Root> make_next_root(v1::Root const& before, std::vector<RoleKeys> const& changes, trust::TimePoint now) {
    auto next = before;
    next.set_version(before.version() + 1);
    next.set_expires(std::max((now + lifetime::kRoot).time_since_epoch().count(), before.expires()));
    for (auto const& change : changes) {
        if (auto const sound = check(change); !sound) return pass_on(sound);
        put(next, change);
    }
    tidy(next);
    if (auto const keyring = trust::Keyring::of(next); !keyring) return pass_on(keyring);
    return next;
}

RoleKeys keys_of(v1::Root const& root, RoleName role) {
    RoleKeys keys{role, {}, role_of(root, role).threshold()};
    for (auto const& id : role_of(root, role).keyids()) {
        auto const key = std::find_if(root.keys().begin(), root.keys().end(),
                                      [&](v1::Key const& listed) { return trust::key_id(listed).to_raw() == id; });
        if (key != root.keys().end()) keys.keys.push_back(*key);
    }
    return keys;
}

bool same_keys(v1::Root const& a, v1::Root const& b, RoleName role) {
    auto const ids = [role](v1::Root const& root) {
        auto const& listed = role_of(root, role).keyids();
        return std::set<std::string>(listed.begin(), listed.end());
    };
    return ids(a) == ids(b);
}

Result<RoleKeys> without(RoleKeys role, std::string const& id_prefix) {
    std::string const name = trust::text(role.role);
    auto const before = role.keys.size();
    if (id_prefix.size() >= kLeastPrefix) {
        std::erase_if(role.keys,
                      [&](v1::Key const& key) { return trust::key_id(key).to_hex().starts_with(id_prefix); });
    }
    if (role.keys.size() + 1 != before) {
        return fail(Errc::no_such_key,
                    "'" + id_prefix + "' does not name one key of the role " + name +
                        ": `lanyard-seeder key list` shows their ids (at least 6 digits are needed)");
    }
    if (role.keys.size() < role.threshold) {
        return fail(Errc::unsound_keys, "the role " + name + " needs " + std::to_string(role.threshold) +
                                            " signatures and would have " + std::to_string(role.keys.size()) +
                                            " keys: replace the key with `lanyard-seeder key rotate --role " + name +
                                            "` instead, or name a lower --threshold");
    }
    return role;
}

}  // namespace lanyard::publish
