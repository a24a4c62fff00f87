#include "seeder/publish/delegations.h"

#include <algorithm>
#include <set>

#include "manifests/signing/role_name.h"
#include "manifests/trust/envelope.h"
#include "manifests/trust/path_pattern.h"
#include "seeder/publish/errc.h"

namespace lanyard::publish {
namespace {

Status check(v1::Delegation const& delegation, std::set<std::string> const& ids, std::size_t keys) {
    if (!signing::is_delegated_name(delegation.name())) {
        return fail(Errc::bad_role,
                    "'" + delegation.name() +
                        "' cannot be the name of a role: use 1 to 64 letters, digits, '.', '_' and '-', "
                        "not '.' first, and none of root, targets, snapshot and timestamp");
    }
    if (delegation.paths().empty()) {
        return fail(Errc::bad_role, "the role '" + delegation.name() +
                                        "' may name nothing: say with --paths what, such as 'shop/*/*/*/*'");
    }
    if (ids.size() != keys || delegation.threshold() == 0 || delegation.threshold() > keys) {
        return fail(Errc::unsound_keys,
                    "the role '" + delegation.name() + "' would have " + std::to_string(ids.size()) +
                        " different keys, and " + std::to_string(delegation.threshold()) +
                        " of them would have to sign: name more with --key, or another --threshold");
    }
    return {};
}

// A key that no delegation names any longer leaves the list; each stands there once.
void tidy(v1::Targets& targets) {
    std::set<std::string> named;
    for (auto const& delegation : targets.delegations()) {
        named.insert(delegation.keyids().begin(), delegation.keyids().end());
    }
    google::protobuf::RepeatedPtrField<v1::Key> kept;
    for (auto const& key : targets.keys()) {
        if (named.erase(trust::key_id(key).to_raw()) == 1) *kept.Add() = key;
    }
    targets.mutable_keys()->Swap(&kept);
}

}  // namespace

v1::Delegation const* find_delegation(v1::Targets const& targets, std::string const& name) {
    auto const found = std::find_if(targets.delegations().begin(), targets.delegations().end(),
                                    [&](v1::Delegation const& delegation) { return delegation.name() == name; });
    return found == targets.delegations().end() ? nullptr : &*found;
}

bool may_name(v1::Delegation const& delegation, std::string const& path) {
    return std::any_of(delegation.paths().begin(), delegation.paths().end(),
                       [&](std::string const& pattern) { return trust::fits(pattern, path); });
}

Status put_delegation(v1::Targets& targets, v1::Delegation delegation, std::vector<v1::Key> const& keys) {
    std::set<std::string> ids;
    for (auto const& key : keys) ids.insert(trust::key_id(key).to_raw());
    if (auto const sound = check(delegation, ids, keys.size()); !sound) return sound;
    delegation.clear_keyids();
    for (auto const& id : ids) delegation.add_keyids(id);
    for (auto const& key : keys) *targets.add_keys() = key;
    auto& all = *targets.mutable_delegations();
    auto const place = std::find_if(all.begin(), all.end(),
                                    [&](v1::Delegation const& other) { return other.name() == delegation.name(); });
    *(place == all.end() ? all.Add() : &*place) = delegation;
    tidy(targets);
    return {};
}

Status drop_delegation(v1::Targets& targets, std::string const& name) {
    auto& all = *targets.mutable_delegations();
    auto const place =
        std::find_if(all.begin(), all.end(), [&](v1::Delegation const& other) { return other.name() == name; });
    if (place == all.end()) {
        return fail(Errc::no_such_role,
                    "nobody has delegated to a role '" + name + "': `lanyard-seeder delegation list` shows the roles");
    }
    all.erase(place);
    tidy(targets);
    return {};
}

}  // namespace lanyard::publish
