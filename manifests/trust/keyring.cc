#include "manifests/trust/keyring.h"

#include <utility>

#include "manifests/trust/ed25519.h"
#include "manifests/trust/errc.h"

namespace lanyard::trust {
namespace {

constexpr RoleName kRoles[] = {RoleName::root, RoleName::timestamp, RoleName::snapshot, RoleName::targets};

using Listed = std::map<std::string, v1::Key const*>;

Result<Listed> listed_keys(v1::Root const& root) {
    Listed keys;
    for (auto const& key : root.keys()) {
        auto const id = key_id(key);
        if (key.alg() == kAlgEd25519 && !is_sound_ed25519_key(key.public_key())) {
            return fail(Errc::malformed, "root: its key " + id.to_hex() +
                                             " is no sound Ed25519 key: it has not 32 bytes, or fits many signatures");
        }
        keys.emplace(id.to_raw(), &key);
    }
    return keys;
}

v1::Role const& role_in(v1::Root const& root, RoleName role) {
    switch (role) {
        case RoleName::root:
            return root.root();
        case RoleName::timestamp:
            return root.timestamp();
        case RoleName::snapshot:
            return root.snapshot();
        case RoleName::targets:
            break;
    }
    return root.targets();
}

std::string refusal(RoleName role, std::string const& why) {
    return std::string("root: for the role ") + text(role) + " it " + why;
}

}  // namespace

Result<Keyring> Keyring::of(v1::Root const& root) {
    auto const listed = listed_keys(root);
    if (!listed) return pass_on(listed);
    Keyring keyring;
    for (auto const role : kRoles) {
        auto& signatories = keyring.roles_[static_cast<std::size_t>(role)];
        for (auto const& id : role_in(root, role).keyids()) {
            auto const key = listed->find(id);
            if (key == listed->end()) return fail(Errc::malformed, refusal(role, "names a key that it does not list"));
            if (key->second->alg() != kAlgEd25519) continue;
            signatories.keys.emplace(id, key->second->public_key());
        }
        signatories.threshold = role_in(root, role).threshold();
        if (signatories.threshold == 0) {
            return fail(Errc::malformed, refusal(role, "asks for no signature at all"));
        }
        if (signatories.threshold > signatories.keys.size()) {
            return fail(Errc::malformed,
                        refusal(role, "asks for " + std::to_string(signatories.threshold) + " signatures and has " +
                                          std::to_string(signatories.keys.size()) + " usable keys"));
        }
    }
    return keyring;
}

Status Keyring::verify(RoleName role, v1::Envelope const& envelope) const {
    auto const& signatories = of_role(role);
    auto const message = pae(envelope.payload_type(), envelope.payload());
    std::set<std::string> valid;
    for (auto const& signature : envelope.signatures()) {
        auto const key = signatories.keys.find(signature.keyid());
        if (key == signatories.keys.end() || valid.contains(key->second)) continue;
        if (ed25519_verifies(key->second, message, signature.sig())) valid.insert(key->second);
    }
    if (valid.size() >= signatories.threshold) return {};
    return fail(Errc::arbitrary_software, std::string(text(role)) + ": " + std::to_string(valid.size()) +
                                              " of its keys signed it and " + std::to_string(signatories.threshold) +
                                              " have to; it was made or changed by somebody else (arbitrary software)");
}

bool Keyring::same_keys(RoleName role, Keyring const& other) const {
    return of_role(role).keys == other.of_role(role).keys;
}

}  // namespace lanyard::trust
