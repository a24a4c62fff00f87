#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "node/gate/facts.h"

namespace lanyard::platform {

// Bytes that the network interfaces of `proc`/net/dev have sent and received since they are there. Those that
// `net_class` (/sys/class/net) knows a device of count: what goes over a bridge, a tunnel or a VLAN goes over one of
// them as well. When none has a device (a container), all count but loopback.
gate::Sensed<std::uint64_t> bytes_carried(std::filesystem::path const& proc, std::filesystem::path const& net_class);

// From counts to bytes a second, less what the node itself has exchanged. No threads, no clock.
class NetworkMeter {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds kShortest{1};
    // Longer ago is another matter: a backup that was over half an hour ago disturbs nobody.
    static constexpr std::chrono::seconds kLongest{90};

    struct Count {
        Time at{};
        std::uint64_t carried = 0;
        std::uint64_t own = 0;  // payload only
    };

    // Since the count before (the same as then, when that is less than kShortest ago); nothing when that is no measure:
    // ask again after kShortest.
    std::optional<std::uint64_t> rate(Count const& now);

private:
    std::optional<Count> last_;
    std::optional<std::uint64_t> rate_;
};

}  // namespace lanyard::platform
