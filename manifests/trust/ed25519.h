#pragma once

#include <string_view>

namespace lanyard::trust {

// 32 bytes, a canonical encoding, and none of the points of small order (for which one signature fits many messages).
bool is_sound_ed25519_key(std::string_view public_key);

// RFC 8032, with S < L; false for a key that is not sound, a signature that has not 64 bytes or an R of small order,
// and when OpenSSL cannot tell.
bool ed25519_verifies(std::string_view public_key, std::string_view message, std::string_view signature);

}  // namespace lanyard::trust
