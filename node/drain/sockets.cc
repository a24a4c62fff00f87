#include "node/drain/sockets.h"

#include <algorithm>

namespace lanyard::drain {

std::string socket_name(std::string const& wished) {
    constexpr std::size_t kLongest = 255;
    bool const fine = !wished.empty() && wished.size() <= kLongest &&
                      std::all_of(wished.begin(), wished.end(), [](char c) { return c > ' ' && c < 0x7f && c != ':'; });
    return fine ? wished : "unknown";
}

}  // namespace lanyard::drain
