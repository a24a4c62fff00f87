#pragma once

#include <string_view>

#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::trust {

// v1.Key.alg; the encodings of keys and signatures stand there and at v1.Signature.
inline constexpr unsigned kAlgEd25519 = 1;
inline constexpr unsigned kAlgEcdsaP256 = 2;  // hardware tokens that know no Ed25519
inline constexpr unsigned kAlgRsaPss = 3;

bool is_known_algorithm(v1::Key const& key);

// Of a known algorithm, in its one encoding, and no key for which one signature fits many messages.
bool is_sound_key(v1::Key const& key);

// False, too, for a key that is not sound, and when OpenSSL cannot tell.
bool verifies(v1::Key const& key, std::string_view message, std::string_view signature);

}  // namespace lanyard::trust
