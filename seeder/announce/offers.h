#pragma once

#include <map>
#include <string>

#include "seeder/announce/releases.h"

namespace lanyard::announce {

// Remembers the answers of `releases` for a revision: when it changes, a whole fleet asks the same few questions at
// once.
class Offers {
public:
    static constexpr std::size_t kMost = 4096;

    explicit Offers(Releases& releases) : releases_(releases) {}

    Result<std::optional<v1::AvailableRelease>> find(v1::RunningApp const& running, v1::Platform const& machine);

private:
    Releases& releases_;
    std::uint64_t revision_ = 0;
    std::map<std::string, std::optional<v1::AvailableRelease>> known_;
};

}  // namespace lanyard::announce
