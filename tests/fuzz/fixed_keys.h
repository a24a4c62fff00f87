#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/schema/lanyard/v1/envelope.pb.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::fuzz {

// Ed25519 keys that are the same in every run, so that an input means the same everywhere. A set of them is a mask: bit
// i is key i.
inline constexpr unsigned kKeys = 8;
using KeyMask = std::uint8_t;

struct PublicKey {
    v1::Key key;
    std::string id;
};
PublicKey const& public_key(unsigned i);

// 64 bytes. In real_signatures.cc and quick_signatures.cc.
std::string sign(unsigned i, std::string_view message);

// Those of `keyids` that are ours.
template <class Ids>
KeyMask mask_of(Ids const& keyids) {
    KeyMask mask = 0;
    for (unsigned i = 0; i < kKeys; ++i) {
        for (auto const& id : keyids) {
            if (id == public_key(i).id) mask = static_cast<KeyMask>(mask | 1u << i);
        }
    }
    return mask;
}

// Signed by each key of the mask.
v1::Envelope envelope(std::string const& payload_type, std::string const& payload, KeyMask signers);

}  // namespace lanyard::fuzz
