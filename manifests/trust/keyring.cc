#include "manifests/trust/keyring.h"

#include <algorithm>
#include <set>
#include <utility>

#include "manifests/trust/errc.h"
#include "manifests/trust/signature.h"

namespace lanyard::trust {
namespace {

constexpr RoleName kRoles[] = {RoleName::root, RoleName::timestamp, RoleName::snapshot, RoleName::targets};

bool same_key(v1::Key const& a, v1::Key const& b) { return a.alg() == b.alg() && a.public_key() == b.public_key(); }

}  // namespace

v1::Role const& role_of(v1::Root const& root, RoleName role) {
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

Result<KeyTable> KeyTable::of(std::string const& lister, KeyList const& keys) {
    KeyTable table;
    for (auto const& key : keys) {
        auto const id = key_id(key);
        if (is_known_algorithm(key) && !is_sound_key(key)) {
            return fail(Errc::malformed, lister + ": its key " + id.to_hex() +
                                             " is no sound key of its algorithm: it has not the right length, is no "
                                             "point of the curve, or fits many signatures");
        }
        table.keys_.emplace(id.to_raw(), key);
    }
    return table;
}

v1::Key const* KeyTable::find(std::string const& id) const {
    auto const key = keys_.find(id);
    return key == keys_.end() ? nullptr : &key->second;
}

Result<Signatories> Signatories::of(std::string const& lister, std::string const& role, KeyTable const& table,
                                    KeyIds const& ids, std::uint32_t threshold) {
    Signatories signatories;
    for (auto const& id : ids) {
        auto const* key = table.find(id);
        if (!key) {
            return fail(Errc::malformed, lister + ": for the role " + role + " it names a key that it does not list");
        }
        if (is_known_algorithm(*key)) signatories.keys_.emplace(id, *key);
    }
    if (threshold == 0) {
        return fail(Errc::malformed, lister + ": for the role " + role + " it asks for no signature at all");
    }
    signatories.threshold_ = threshold;
    return signatories;
}

Status Signatories::verify(std::string const& role, v1::Envelope const& envelope) const {
    auto const message = pae(envelope.payload_type(), envelope.payload());
    std::set<std::string> valid;
    for (auto const& signature : envelope.signatures()) {
        auto const key = keys_.find(signature.keyid());
        if (key == keys_.end() || valid.contains(key->second.public_key())) continue;
        if (verifies(key->second, message, signature.sig())) valid.insert(key->second.public_key());
    }
    // A threshold of 0 is that of nobody's signatories.
    if (threshold_ > 0 && valid.size() >= threshold_) return {};
    return fail(Errc::arbitrary_software, role + ": " + std::to_string(valid.size()) + " of its keys signed it and " +
                                              std::to_string(threshold_) +
                                              " have to; it was made or changed by somebody else (arbitrary software)");
}

bool Signatories::same_keys(Signatories const& other) const {
    return std::equal(keys_.begin(), keys_.end(), other.keys_.begin(), other.keys_.end(),
                      [](auto const& a, auto const& b) { return same_key(a.second, b.second); });
}

Result<Keyring> Keyring::of(v1::Root const& root) {
    auto const table = KeyTable::of("root", root.keys());
    if (!table) return pass_on(table);
    Keyring keyring;
    for (auto const role : kRoles) {
        auto const& named = role_of(root, role);
        auto signatories = Signatories::of("root", text(role), *table, named.keyids(), named.threshold());
        if (!signatories) return pass_on(signatories);
        keyring.roles_[static_cast<std::size_t>(role)] = std::move(*signatories);
    }
    return keyring;
}

}  // namespace lanyard::trust
