#include "node/fetch/announce_plan.h"

#include <algorithm>

namespace lanyard::fetch {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kWithoutPeers = 1s;
constexpr milliseconds kMostWhileFetching = 15s;
constexpr milliseconds kMostWhileSeeding = 1h;
constexpr milliseconds kFirstRetry = 1s;
constexpr milliseconds kLastRetryFetching = 30s;
constexpr milliseconds kLastRetrySeeding = 10min;
constexpr unsigned kMostDoublings = 20;

milliseconds scaled(milliseconds duration, double factor) {
    return milliseconds(static_cast<milliseconds::rep>(static_cast<double>(duration.count()) * factor));
}

}  // namespace

milliseconds next_announce(SwarmStanding const& standing, double random) {
    if (standing.failures > 0) {
        auto const ceiling = standing.complete ? kLastRetrySeeding : kLastRetryFetching;
        auto const doubled = kFirstRetry * (1LL << std::min(standing.failures - 1, kMostDoublings));
        return scaled(std::min(ceiling, milliseconds(doubled)), 0.5 + random / 2);
    }
    if (!standing.complete && standing.connected_peers == 0) return scaled(kWithoutPeers, 1 + random);
    auto const ceiling = standing.complete ? kMostWhileSeeding : kMostWhileFetching;
    return std::clamp(milliseconds(standing.asked_interval), kWithoutPeers, ceiling);
}

}  // namespace lanyard::fetch
