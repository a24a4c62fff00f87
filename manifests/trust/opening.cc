#include "manifests/trust/opening.h"

#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <vector>

#include "manifests/release/in_quotes.h"
#include "manifests/trust/errc.h"
#include "manifests/trust/trusted_set.h"

namespace lanyard::trust {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using release::in_quotes;

constexpr std::uint32_t kSpec = 1;
constexpr std::size_t kRepoIdSize = 16;
constexpr int kFirstIgnorableField = 1000;
constexpr std::int64_t kEndOfYear9999 = 253'402'300'799;
constexpr std::size_t kMaxMetaName = 64;
constexpr int kMaxPaths = 1000;
constexpr std::size_t kMaxPathBytes = 512;

std::string name_of(RoleName role) { return text(role); }

// The number of a critical field in `message`, or in a message within it, that this program does not know; 0: none.
int unknown_critical_field(Message const& message) {
    auto const& reflection = *message.GetReflection();
    auto const& unknown = reflection.GetUnknownFields(message);
    for (int i = 0; i < unknown.field_count(); ++i) {
        if (unknown.field(i).number() < kFirstIgnorableField) return unknown.field(i).number();
    }
    std::vector<FieldDescriptor const*> present;
    reflection.ListFields(message, &present);
    for (auto const* field : present) {
        if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
        if (!field->is_repeated()) {
            if (auto const found = unknown_critical_field(reflection.GetMessage(message, field))) return found;
            continue;
        }
        for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
            if (auto const found = unknown_critical_field(reflection.GetRepeatedMessage(message, field, i)))
                return found;
        }
    }
    return 0;
}

Status check_fields(RoleName role, Message const& message) {
    auto const field = unknown_critical_field(message);
    if (field == 0) return {};
    return fail(Errc::unknown_field, name_of(role) + ": it has the critical field " + std::to_string(field) +
                                         ", which this version does not know; update lanyard first");
}

template <class Payload>
Status check_head(RoleName role, Payload const& payload) {
    if (payload.spec() != kSpec) {
        return fail(Errc::unsupported_spec, name_of(role) + ": it follows version " + std::to_string(payload.spec()) +
                                                " of the specification and this program knows 1; update lanyard first");
    }
    if (payload.repo_id().size() != kRepoIdSize) {
        return fail(Errc::malformed, name_of(role) + ": its repository id has not 16 bytes");
    }
    if (payload.version() == 0 || payload.version() > kMaxMetadataVersion) {
        return fail(Errc::malformed, name_of(role) + ": its version is " + std::to_string(payload.version()) +
                                         "; versions are 1 to 2^53 - 1");
    }
    if (payload.expires() <= 0 || payload.expires() > kEndOfYear9999) {
        return fail(Errc::malformed, name_of(role) + ": it expires " + std::to_string(payload.expires()) +
                                         " seconds after 1970, which is no time between 1970 and 9999");
    }
    return {};
}

template <class Payload>
Result<Payload> parse(RoleName role, std::string const& bytes) {
    Payload payload;
    if (!payload.ParseFromString(bytes)) {
        return fail(Errc::malformed, name_of(role) + ": it is signed, but its payload is no " + name_of(role) +
                                         " message; it has to be signed anew");
    }
    if (auto const fine = check_fields(role, payload); !fine) return pass_on(fine);
    // Fields twice, out of order, or longer than need be: another program might read something else into them.
    if (payload.SerializeAsString() != bytes) {
        return fail(Errc::malformed, name_of(role) +
                                         ": it is signed, but not written in the one way that leaves no room "
                                         "for a second meaning; it has to be signed anew");
    }
    if (auto const fine = check_head(role, payload); !fine) return pass_on(fine);
    return payload;
}

// Whether a character of several bytes shows nothing, or makes others show elsewhere: C1 controls, zero-width and
// bidirectional marks, line separators, the byte order mark.
bool begins_unprintable(std::string_view rest) {
    auto const at = [&](std::size_t i) { return i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0u; };
    if (at(0) == 0xc2) return at(1) < 0xa0;
    if (at(0) == 0xef) return at(1) == 0xbb && at(2) == 0xbf;
    if (at(0) != 0xe2) return false;
    if (at(1) == 0x80) return (at(2) >= 0x8b && at(2) <= 0x8f) || (at(2) >= 0xa8 && at(2) <= 0xae);
    return at(1) == 0x81 && at(2) >= 0xa0 && at(2) <= 0xaf;
}

// protobuf has refused what is no UTF-8.
bool is_meta_name(std::string_view name) {
    if (name.empty() || name.size() > kMaxMetaName) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        auto const c = static_cast<unsigned char>(name[i]);
        if (c < 0x20 || c == 0x7f || begins_unprintable(name.substr(i))) return false;
    }
    return true;
}

bool is_top_level(std::string_view name) {
    return name == "root" || name == "timestamp" || name == "snapshot" || name == "targets";
}

Status check_reference(RoleName role, v1::MetaRef const& meta, std::size_t max_length) {
    if (!is_meta_name(meta.name()) || meta.version() == 0 || meta.version() > kMaxMetadataVersion ||
        meta.length() == 0 || meta.length() > max_length || meta.sha256().size() != release::Digest::kSize) {
        return fail(Errc::malformed, name_of(role) + ": what it says about " + in_quotes(meta.name()) +
                                         " is not in range (version 1 to 2^53 - 1, length 1 to " +
                                         std::to_string(max_length) + ", a SHA-256 of 32 bytes)");
    }
    return {};
}

tl::unexpected<Error> bad_delegation(v1::Delegation const& delegation, std::string const& why) {
    return fail(Errc::malformed, "targets: its delegation to " + in_quotes(delegation.name()) + " " + why);
}

Status check_delegation(v1::Delegation const& delegation) {
    if (!is_meta_name(delegation.name()) || is_top_level(delegation.name())) {
        return bad_delegation(delegation, "has no usable name: 1 to 64 printable bytes, and none of the four roles");
    }
    if (delegation.threshold() == 0) return bad_delegation(delegation, "asks for no signature at all");
    if (delegation.paths_size() > kMaxPaths) {
        return bad_delegation(delegation, "has more than " + std::to_string(kMaxPaths) + " paths");
    }
    for (auto const& path : delegation.paths()) {
        if (path.empty() || path.size() > kMaxPathBytes) {
            return bad_delegation(delegation,
                                  "has a path that has not 1 to " + std::to_string(kMaxPathBytes) + " bytes");
        }
    }
    return {};
}

Status check_delegations(v1::Targets const& targets) {
    if (targets.delegations_size() > kMaxDelegations) {
        return fail(Errc::endless_data, "targets: it delegates to " + std::to_string(targets.delegations_size()) +
                                            " roles and may to " + std::to_string(kMaxDelegations));
    }
    std::set<std::string_view> names;
    for (auto const& delegation : targets.delegations()) {
        if (auto const fine = check_delegation(delegation); !fine) return fine;
        if (!names.insert(delegation.name()).second) return bad_delegation(delegation, "stands there twice");
    }
    return {};
}

}  // namespace

std::size_t max_bytes(RoleName role) {
    switch (role) {
        case RoleName::root:
            return kMaxRootBytes;
        case RoleName::timestamp:
            return kMaxTimestampBytes;
        case RoleName::snapshot:
            return kMaxSnapshotBytes;
        case RoleName::targets:
            return kMaxTargetsBytes;
    }
    return 0;
}

Result<v1::Envelope> take_apart(RoleName role, std::string_view bytes) {
    if (bytes.size() > max_bytes(role)) {
        return fail(Errc::endless_data, name_of(role) + ": it has " + std::to_string(bytes.size()) +
                                            " bytes and may have " + std::to_string(max_bytes(role)) +
                                            "; whoever serves it may want to exhaust this machine");
    }
    v1::Envelope envelope;
    if (!envelope.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return fail(Errc::malformed, name_of(role) +
                                         ": what was received is no envelope; it may be cut short, or "
                                         "something else answers at the seeder's address");
    }
    if (auto const fine = check_fields(role, envelope); !fine) return pass_on(fine);
    if (envelope.payload_type() != payload_type(role)) {
        return fail(Errc::wrong_role, name_of(role) + ": its payload is of type " + in_quotes(envelope.payload_type()) +
                                          " instead of " + in_quotes(payload_type(role)));
    }
    std::set<std::string_view> keyids;
    for (auto const& signature : envelope.signatures()) {
        if (!keyids.insert(signature.keyid()).second) {
            return fail(Errc::malformed, name_of(role) + ": two of its signatures are under one key id");
        }
    }
    return envelope;
}

Result<v1::Root> parse_root(std::string const& payload) { return parse<v1::Root>(RoleName::root, payload); }

Result<v1::Timestamp> parse_timestamp(std::string const& payload) {
    auto timestamp = parse<v1::Timestamp>(RoleName::timestamp, payload);
    if (!timestamp) return timestamp;
    if (timestamp->snapshot().name() != text(RoleName::snapshot)) {
        return fail(Errc::malformed, "timestamp: it names no snapshot");
    }
    auto const fine = check_reference(RoleName::timestamp, timestamp->snapshot(), kMaxSnapshotBytes);
    if (!fine) return pass_on(fine);
    return timestamp;
}

Result<v1::Snapshot> parse_snapshot(std::string const& payload) {
    auto snapshot = parse<v1::Snapshot>(RoleName::snapshot, payload);
    if (!snapshot) return snapshot;
    std::set<std::string_view> names;
    for (auto const& meta : snapshot->metas()) {
        if (auto const fine = check_reference(RoleName::snapshot, meta, kMaxTargetsBytes); !fine) return pass_on(fine);
        if (!names.insert(meta.name()).second) {
            return fail(Errc::malformed, "snapshot: it names " + in_quotes(meta.name()) + " twice");
        }
    }
    if (!names.contains(text(RoleName::targets))) return fail(Errc::malformed, "snapshot: it names no targets");
    return snapshot;
}

Result<v1::Targets> parse_targets(std::string const& payload) {
    auto targets = parse<v1::Targets>(RoleName::targets, payload);
    if (!targets) return targets;
    if (targets->targets_size() > kMaxTargets) {
        return fail(Errc::endless_data, "targets: it names " + std::to_string(targets->targets_size()) +
                                            " packages and may name " + std::to_string(kMaxTargets) +
                                            "; old releases have to be withdrawn");
    }
    std::set<std::string_view> paths;
    for (auto const& target : targets->targets()) {
        if (target.path().empty()) return fail(Errc::malformed, "targets: a package has no path");
        if (!paths.insert(target.path()).second) {
            return fail(Errc::malformed, "targets: it names " + in_quotes(target.path()) +
                                             " twice, so that nobody can know which one is meant");
        }
    }
    if (auto const fine = check_delegations(*targets); !fine) return pass_on(fine);
    return targets;
}

std::string utc(std::chrono::sys_seconds time) {
    auto const day = std::chrono::floor<std::chrono::days>(time);
    std::chrono::year_month_day const date(day);
    std::chrono::hh_mm_ss const clock(time - day);
    char line[64];
    auto const length = std::snprintf(
        line, sizeof line, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
        static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
    return std::string(line, static_cast<std::size_t>(length));
}

}  // namespace lanyard::trust
