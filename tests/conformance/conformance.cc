#include "tests/conformance/conformance.h"

#include <algorithm>

#include "proto/http/percent.h"

namespace lanyard {
namespace {

using trust::RoleName;

constexpr char const* kTopLevel[] = {"root", "snapshot", "targets", "timestamp"};

std::uint64_t version_in(std::string const& role, std::string const& envelope_bytes) {
    v1::Envelope envelope;
    if (!envelope.ParseFromString(envelope_bytes)) return 0;
    // The field has the same number in every payload.
    v1::Timestamp payload;
    EXPECT_TRUE(payload.ParsePartialFromString(envelope.payload())) << role;
    return payload.version();
}

}  // namespace

trust::RoleName role_named(std::string_view name) {
    for (auto const role : {RoleName::root, RoleName::timestamp, RoleName::snapshot, RoleName::targets}) {
        if (trust::text(role) == name) return role;
    }
    throw std::invalid_argument(std::string(name));
}

conformance::conformance() {
    // The original gives every role a month.
    auto const month = (kNow + std::chrono::days(30)).time_since_epoch().count();
    repo.targets.set_expires(month);
    repo.snapshot.set_expires(month);
    repo.timestamp.set_expires(month);
    repo.seal(RoleName::targets);
    add_to_snapshot(repo.reference(RoleName::targets, 1, repo.newest(RoleName::targets)));
    repo.seal(RoleName::snapshot);
    point_timestamp_at_snapshot();
}

void conformance::publish(std::vector<std::string> const& roles) {
    for (auto const& role : roles) {
        bool const top_level = std::find(std::begin(kTopLevel), std::end(kTopLevel), role) != std::end(kTopLevel);
        if (!top_level) {
            repo.publish_role(role);
            add_to_snapshot(repo.role_reference(role));
            continue;
        }
        auto const name = role_named(role);
        if (name == RoleName::root) {
            repo.publish_root();
            continue;
        }
        repo.bump_and_seal(name);
        if (name == RoleName::targets) add_to_snapshot(repo.reference(name, repo.targets.version(), repo.newest(name)));
        if (name == RoleName::snapshot) {
            *repo.timestamp.mutable_snapshot() = repo.reference(name, repo.snapshot.version(), repo.newest(name));
        }
    }
}

void conformance::publish_misnamed(std::string const& role) {
    publish({"root", "targets", "snapshot", "timestamp"});
    auto const name = role_named(role);
    auto const file = repo.name_of(name);  // "2...."
    auto const payload_of = [&](auto message) {
        message.set_version(3);
        return message.SerializeAsString();
    };
    auto const payload = name == RoleName::root       ? payload_of(repo.root)
                         : name == RoleName::snapshot ? payload_of(repo.snapshot)
                                                      : payload_of(repo.targets);
    auto const bytes = repo.sign(name, payload, repo.keys(name));
    repo.put_file(file, bytes);
    // What names the file names these bytes, so that nothing but the version is wrong.
    if (name == RoleName::targets) {
        add_to_snapshot(repo.reference(name, 2, bytes));
        repo.seal(RoleName::snapshot);
        point_timestamp_at_snapshot();
    } else if (name == RoleName::snapshot) {
        *repo.timestamp.mutable_snapshot() = repo.reference(name, 2, bytes);
        repo.seal(RoleName::timestamp);
    }
}

void conformance::add_to_snapshot(v1::MetaRef const& meta) {
    for (auto& known : *repo.snapshot.mutable_metas()) {
        if (known.name() != meta.name()) continue;
        known = meta;
        return;
    }
    *repo.snapshot.add_metas() = meta;
}

void conformance::point_timestamp_at_snapshot() {
    *repo.timestamp.mutable_snapshot() =
        repo.reference(RoleName::snapshot, repo.snapshot.version(), repo.newest(RoleName::snapshot));
    repo.seal(RoleName::timestamp);
}

void conformance::add_key(RoleName role) {
    auto keys = repo.keys(role);
    keys.push_back(repo.fresh_keys(1).front());
    repo.set_keys(role, keys, repo.threshold(role));
}

void conformance::set_threshold(RoleName role, std::uint32_t threshold) {
    repo.set_keys(role, repo.keys(role), threshold);
}

bool conformance::refresh(std::chrono::days in_future) {
    auto const trusted = client.refresh(kNow + in_future);
    if (!trusted) refused = trusted.error();
    return trusted.has_value();
}

bool conformance::find(std::string const& path) {
    auto const target = client.find(path, kNow);
    if (!target) refused = target.error();
    return target.has_value();
}

std::uint64_t conformance::version(std::string const& role) {
    bool const top_level = std::find(std::begin(kTopLevel), std::end(kTopLevel), role) != std::end(kTopLevel);
    auto const stored = top_level ? client.store.get(role_named(role)) : client.store.get_delegated(role);
    return stored.value() ? version_in(role, **stored) : 0;
}

conformance::Roles conformance::trusted_roles() {
    Roles roles;
    for (auto const* role : kTopLevel) {
        if (auto const known = version(role); known > 0) roles.emplace_back(role, known);
    }
    for (auto const& meta : repo.snapshot.metas()) {
        if (meta.name() == "targets") continue;
        if (auto const known = version(meta.name()); known > 0) roles.emplace_back(meta.name(), known);
    }
    return roles;
}

void conformance::expect_stored_as_served() {
    for (auto const* role : kTopLevel) {
        EXPECT_EQ(client.stored(role_named(role)), repo.newest(role_named(role))) << role;
    }
}

}  // namespace lanyard
