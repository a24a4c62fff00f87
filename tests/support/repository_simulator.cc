#include "tests/support/repository_simulator.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "manifests/release/target.h"
#include "tests/support/sample_target.h"

namespace lanyard::support {
namespace {

using trust::RoleName;

constexpr RoleName kRoles[] = {RoleName::root, RoleName::timestamp, RoleName::snapshot, RoleName::targets};

v1::Role& role_in(v1::Root& root, RoleName role) {
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

// RFC 3986, written down once more: what a node asks for is held against it. This library knows nothing of HTTP, so
// that clang can build it.
std::string percent_encoded(std::string const& name) {
    std::string encoded;
    for (char const c : name) {
        bool const unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                std::string_view("-._~").find(c) != std::string_view::npos;
        char escape[4];
        std::snprintf(escape, sizeof escape, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
        encoded += unreserved ? std::string(1, c) : std::string(escape);
    }
    return encoded;
}

template <class Payload>
void begin(Payload& payload, trust::TimePoint expires) {
    payload.set_spec(1);
    payload.set_repo_id("a repository id!");
    payload.set_expires(expires.time_since_epoch().count());
}

template <class Payload>
void bump(Payload& payload) {
    payload.set_version(payload.version() + 1);
}

}  // namespace

v1::Target make_target(TargetSpec const& spec) {
    auto target = sample_target(spec.app, spec.version, spec.release_counter);
    target.channel = release::Channel::parse(spec.channel).value();
    target.platform = release::Platform::parse(spec.platform).value();
    target.path = release::target_path(target.app, target.channel, target.version, target.platform, "tar.zst");
    target.length = spec.length;
    target.sha256 = spec.sha256;
    return target.to_proto();
}

RepositorySimulator::RepositorySimulator(trust::TimePoint now) {
    using std::chrono::days;
    begin(root, now + days(365));
    begin(targets, now + days(90));
    begin(snapshot, now + days(7));
    begin(timestamp, now + days(1));
    for (auto const role : kRoles) set_keys(role, fresh_keys(1), 1);
    publish_root();
    publish();
}

void RepositorySimulator::publish_root() {
    bump(root);
    auto signers = keys(RoleName::root);
    for (auto const& key : last_root_keys_) {
        if (std::find(signers.begin(), signers.end(), key) == signers.end()) signers.push_back(key);
    }
    put_file(name_of(RoleName::root), sign(RoleName::root, payload(RoleName::root), signers));
    last_root_keys_ = keys(RoleName::root);
}

void RepositorySimulator::publish_targets() {
    bump(targets);
    seal(RoleName::targets);
}

void RepositorySimulator::publish_snapshot() {
    bump(snapshot);
    snapshot.clear_metas();
    *snapshot.add_metas() = reference(RoleName::targets, targets.version(), newest(RoleName::targets));
    for (auto const& [name, role] : delegated_) {
        if (role.targets.version() > 0) *snapshot.add_metas() = role_reference(name);
    }
    seal(RoleName::snapshot);
}

void RepositorySimulator::publish_timestamp() {
    bump(timestamp);
    *timestamp.mutable_snapshot() = reference(RoleName::snapshot, snapshot.version(), newest(RoleName::snapshot));
    seal(RoleName::timestamp);
}

void RepositorySimulator::publish() {
    publish_targets();
    publish_snapshot();
    publish_timestamp();
}

void RepositorySimulator::seal(RoleName role) { put_file(name_of(role), sign(role, payload(role), keys(role))); }

void RepositorySimulator::set_keys(RoleName role, Keys keys, std::uint32_t threshold) {
    keys_[index(role)] = std::move(keys);
    auto& named = role_in(root, role);
    named.clear_keyids();
    named.set_threshold(threshold);
    for (auto const& key : keys_[index(role)]) named.add_keyids(trust::key_id(key->public_key()).to_raw());
    root.clear_keys();
    for (auto const& of_role : keys_) {
        for (auto const& key : of_role) *root.add_keys() = key->public_key();
    }
}

void RepositorySimulator::rotate_keys(RoleName role) { set_keys(role, fresh_keys(keys(role).size()), threshold(role)); }

std::uint32_t RepositorySimulator::threshold(RoleName role) const {
    auto copy = root;
    return role_in(copy, role).threshold();
}

RepositorySimulator::Keys RepositorySimulator::fresh_keys(std::size_t count) {
    Keys keys;
    for (std::size_t i = 0; i < count; ++i) keys.push_back(Key(signing::generate_key().value()));
    return keys;
}

std::string RepositorySimulator::payload(RoleName role) const {
    switch (role) {
        case RoleName::root:
            return root.SerializeAsString();
        case RoleName::timestamp:
            return timestamp.SerializeAsString();
        case RoleName::snapshot:
            return snapshot.SerializeAsString();
        case RoleName::targets:
            break;
    }
    return targets.SerializeAsString();
}

std::string RepositorySimulator::sign(RoleName role, std::string const& payload, Keys const& keys) {
    std::vector<signing::Signer const*> signers;
    for (auto const& key : keys) signers.push_back(key.get());
    return signing::sign_envelope(role, payload, signers).value();
}

std::optional<std::string> RepositorySimulator::file(std::string const& name) const {
    auto const found = files_.find(name);
    if (found == files_.end()) return std::nullopt;
    return found->second;
}

std::string RepositorySimulator::name_of(RoleName role) const {
    switch (role) {
        case RoleName::root:
            return std::to_string(root.version()) + ".root.pb";
        case RoleName::timestamp:
            return "timestamp.pb";
        case RoleName::snapshot:
            return std::to_string(snapshot.version()) + ".snapshot.pb";
        case RoleName::targets:
            break;
    }
    return std::to_string(targets.version()) + ".targets.pb";
}

void RepositorySimulator::bump_and_seal(RoleName role) {
    switch (role) {
        case RoleName::root:
            bump(root);
            break;
        case RoleName::timestamp:
            bump(timestamp);
            break;
        case RoleName::snapshot:
            bump(snapshot);
            break;
        case RoleName::targets:
            bump(targets);
            break;
    }
    seal(role);
}

v1::Delegation& RepositorySimulator::delegate(std::string const& by, std::string const& to,
                                              std::vector<std::string> const& paths) {
    role(to);
    auto const key = fresh_keys(1).front();
    role_keys(to).push_back(key);
    auto& delegator = role(by);
    *delegator.add_keys() = key->public_key();
    auto& delegation = *delegator.add_delegations();
    delegation.set_name(to);
    delegation.add_keyids(trust::key_id(key->public_key()).to_raw());
    delegation.set_threshold(1);
    for (auto const& path : paths) delegation.add_paths(path);
    return delegation;
}

v1::Targets& RepositorySimulator::role(std::string const& name) {
    if (name == trust::text(RoleName::targets)) return targets;
    auto const [found, made] = delegated_.try_emplace(name);
    auto& payload = found->second.targets;
    if (made) begin(payload, trust::TimePoint(std::chrono::seconds(targets.expires())));
    return payload;
}

void RepositorySimulator::publish_role(std::string const& name) {
    bump(role(name));
    seal_role(name);
}

void RepositorySimulator::seal_role(std::string const& name) {
    put_file(role_file(name), sign(RoleName::targets, role(name).SerializeAsString(), role_keys(name)));
}

std::string RepositorySimulator::role_file(std::string const& name) {
    return std::to_string(role(name).version()) + "." + percent_encoded(name) + ".pb";
}

v1::MetaRef RepositorySimulator::role_reference(std::string const& name) {
    return reference(name, role(name).version(), files_.at(role_file(name)));
}

v1::MetaRef RepositorySimulator::reference(std::string_view name, std::uint64_t version, std::string_view envelope) {
    v1::MetaRef reference;
    reference.set_name(std::string(name));
    reference.set_version(version);
    reference.set_length(envelope.size());
    reference.set_sha256(trust::sha256(envelope).to_raw());
    return reference;
}

}  // namespace lanyard::support
