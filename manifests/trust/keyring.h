#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "manifests/trust/envelope.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/envelope.pb.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::trust {

// Who may sign what, and how many of them have to: the keys and thresholds of one root.
class Keyring {
public:
    // Every role must be there, name keys that the root lists, and have a threshold of at least 1 and at most as many
    // as it has different usable keys. An Ed25519 key that is not sound makes the root refused; a key of an unknown
    // algorithm may be listed, and counts for nothing.
    static Result<Keyring> of(v1::Root const& root);

    // A threshold of the role's keys has signed payload and payload type. Each public key counts once. A key id only
    // says which key to try: signatures that fit no key of the role are passed over.
    Status verify(RoleName role, v1::Envelope const& envelope) const;

    bool same_keys(RoleName role, Keyring const& other) const;

private:
    struct Signatories {
        std::map<std::string, std::string> keys;  // id -> public key, usable ones only
        std::size_t threshold = 0;
    };

    Signatories const& of_role(RoleName role) const { return roles_[static_cast<std::size_t>(role)]; }

    std::array<Signatories, 4> roles_;
};

}  // namespace lanyard::trust
