#pragma once

#include <string_view>

namespace lanyard::trust {

// As OpenSSL takes them.
inline unsigned char const* raw(std::string_view bytes) { return reinterpret_cast<unsigned char const*>(bytes.data()); }

}  // namespace lanyard::trust
