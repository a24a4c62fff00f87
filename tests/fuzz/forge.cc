#include "tests/fuzz/forge.h"

#include <utility>

#include "tests/support/sample_target.h"

namespace lanyard::fuzz {
namespace {

using trust::RoleName;

constexpr RoleName kRoles[] = {RoleName::root, RoleName::timestamp, RoleName::snapshot, RoleName::targets};
constexpr unsigned kLast = static_cast<unsigned>(std::size(kRoles));

// What an honest repository begins with. Key 7 is in nobody's hands but an outsider's.
constexpr KeyMask kKeysOf[] = {0b0000'0111, 0b0000'1000, 0b0001'0000, 0b0110'0000};
constexpr unsigned kThresholdOf[] = {2, 1, 1, 1};

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

// Small steps are what is likely to matter: the script's zero is the honest choice.
std::uint64_t version_of(unsigned choice) {
    return choice < 248 ? 1 + choice % 6 : (std::uint64_t{1} << (choice - 196)) - 1;
}

std::int64_t expiry_of(unsigned choice) {
    constexpr std::int64_t kOffsets[] = {86'400, 1, 0, -1, 864'000, -86'400};
    return kFuzzNow.time_since_epoch().count() + kOffsets[choice % std::size(kOffsets)];
}

template <class Payload>
void begin(Payload& payload, Script& script) {
    payload.set_spec(1);
    payload.set_repo_id(kRepoId);
    payload.set_version(version_of(script.byte()));
    payload.set_expires(expiry_of(script.byte()));
}

KeyMask without_first(KeyMask signers) { return static_cast<KeyMask>(signers & (signers - 1)); }

// The first signature with a bit turned, under another key's id, or twice; a payload changed after it was signed; the
// type of another role. Gives who has still signed what is there now.
KeyMask spoil(v1::Envelope& envelope, RoleName role, KeyMask signers, unsigned how) {
    if (envelope.signatures_size() == 0) return 0;
    auto& first = *envelope.mutable_signatures(0);
    switch (how) {
        case 1:
            first.mutable_sig()->front() ^= 1;
            return without_first(signers);
        case 2:
            first.set_keyid(public_key(signers == 0b1000'0000 ? 6 : 7).id);
            return without_first(signers);
        case 3: {
            auto const twice = first;
            *envelope.add_signatures() = twice;
            return signers;
        }
        case 4:
            envelope.mutable_payload()->push_back('\x7a');
            return 0;
        case 5:
            envelope.set_payload_type(
                trust::payload_type(role == RoleName::timestamp ? RoleName::snapshot : RoleName::timestamp));
            return 0;
        default:
            return signers;
    }
}

}  // namespace

Forge::Forge() {
    Script honest("");
    for (auto const role : {RoleName::root, RoleName::targets, RoleName::snapshot, RoleName::timestamp}) {
        auto const signers = kKeysOf[static_cast<std::size_t>(role)];
        keep({role, envelope(trust::payload_type(role), payload(role, honest), signers).SerializeAsString(), signers});
    }
}

File const& Forge::make(Script& script) {
    auto const role = kRoles[script.below(kLast)];
    auto content = payload(role, script);
    mutate(content, script);
    auto const choice = static_cast<KeyMask>(script.byte());
    auto const signers = choice == 0 ? kKeysOf[static_cast<std::size_t>(role)] : choice;
    auto made = envelope(trust::payload_type(role), content, signers);
    auto const left = spoil(made, role, signers, script.below(16));
    return keep({role, made.SerializeAsString(), left});
}

File const& Forge::keep(File file) {
    newest_[static_cast<std::size_t>(file.role)] = files_.size();
    return files_.emplace_back(std::move(file));
}

std::string Forge::payload(RoleName role, Script& script) {
    switch (role) {
        case RoleName::root:
            return root(script);
        case RoleName::timestamp:
            return timestamp(script);
        case RoleName::snapshot:
            return snapshot(script);
        case RoleName::targets:
            break;
    }
    return targets(script);
}

std::string Forge::root(Script& script) {
    v1::Root root;
    begin(root, script);
    for (unsigned i = 0; i < kKeys; ++i) *root.add_keys() = public_key(i).key;
    auto const changed = script.byte();
    for (unsigned role = 0; role < kLast; ++role) {
        auto keys = kKeysOf[role];
        auto threshold = kThresholdOf[role];
        if (changed >> role & 1) {
            keys = static_cast<KeyMask>(script.byte());
            threshold = script.below(4);
        }
        auto& named = role_in(root, kRoles[role]);
        named.set_threshold(threshold);
        for (unsigned i = 0; i < kKeys; ++i) {
            if (keys >> i & 1) named.add_keyids(public_key(i).id);
        }
    }
    return root.SerializeAsString();
}

std::string Forge::timestamp(Script& script) {
    v1::Timestamp timestamp;
    begin(timestamp, script);
    *timestamp.mutable_snapshot() = reference(RoleName::snapshot, script);
    return timestamp.SerializeAsString();
}

std::string Forge::snapshot(Script& script) {
    v1::Snapshot snapshot;
    begin(snapshot, script);
    *snapshot.add_metas() = reference(RoleName::targets, script);
    if (auto const more = script.below(4); more == 1) {
        auto& other = *snapshot.add_metas() = reference(RoleName::targets, script);
        other.set_name("team");
    }
    return snapshot.SerializeAsString();
}

std::string Forge::targets(Script& script) {
    v1::Targets targets;
    begin(targets, script);
    *targets.add_targets() = support::sample_message("shop", "1.0.0", 1);
    if (script.below(2) == 1) *targets.add_targets() = support::sample_message("shop", "1.1.0", 2);
    return targets.SerializeAsString();
}

// Of the newest file of that role, or of an earlier one, with its own version or another.
v1::MetaRef Forge::reference(RoleName role, Script& script) const {
    auto const which = script.byte();
    auto const& named = which == 0 ? newest(role) : file(which);
    v1::MetaRef meta;
    meta.set_name(trust::text(role));
    v1::Envelope envelope;
    v1::Timestamp any;  // the head of every payload is the same
    if (envelope.ParseFromString(named.bytes) && any.ParseFromString(envelope.payload()))
        meta.set_version(any.version());
    if (auto const lie = script.byte(); lie != 0) meta.set_version(version_of(lie));
    meta.set_length(named.bytes.size());
    meta.set_sha256(trust::sha256(named.bytes).to_raw());
    return meta;
}

}  // namespace lanyard::fuzz
