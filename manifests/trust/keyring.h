#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "manifests/trust/envelope.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/envelope.pb.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::trust {

using KeyList = google::protobuf::RepeatedPtrField<v1::Key>;
using KeyIds = google::protobuf::RepeatedPtrField<std::string>;

// What the root says of a role.
v1::Role const& role_of(v1::Root const& root, RoleName role);

// The keys that a root or a targets role lists, by their ids. A key of a known algorithm that is not sound makes the
// list refused; one of an unknown algorithm may be listed, and counts for nothing.
class KeyTable {
public:
    static Result<KeyTable> of(std::string const& lister, KeyList const& keys);

    v1::Key const* find(std::string const& id) const;

private:
    std::map<std::string, v1::Key> keys_;
};

// Who may sign something, and how many of them have to.
class Signatories {
public:
    Signatories() = default;

    // Refuses a threshold of 0, and an id that is not in the table. A threshold above the number of usable keys is
    // never met. `lister` and `role` are for the message.
    static Result<Signatories> of(std::string const& lister, std::string const& role, KeyTable const& table,
                                  KeyIds const& ids, std::uint32_t threshold);

    // A threshold of the keys has signed payload and payload type. Each public key counts once. A key id only says
    // which key to try: signatures that fit no key are passed over. `role` is for the message.
    Status verify(std::string const& role, v1::Envelope const& envelope) const;

    bool same_keys(Signatories const& other) const;

private:
    std::map<std::string, v1::Key> keys_;  // by id, usable ones only
    std::size_t threshold_ = 0;
};

// Who may sign each of the four top-level roles: the keys and thresholds of one root.
class Keyring {
public:
    // Every role must be there, name keys that the root lists, and have a threshold of at least 1.
    static Result<Keyring> of(v1::Root const& root);

    Signatories const& of_role(RoleName role) const { return roles_[static_cast<std::size_t>(role)]; }

    Status verify(RoleName role, v1::Envelope const& envelope) const {
        return of_role(role).verify(text(role), envelope);
    }
    bool same_keys(RoleName role, Keyring const& other) const { return of_role(role).same_keys(other.of_role(role)); }

private:
    std::array<Signatories, 4> roles_;
};

}  // namespace lanyard::trust
