#include "seeder/tracker/choose_peers.h"

#include <algorithm>

namespace lanyard::tracker {
namespace {

bool is_link_local(asio::ip::address const& address) {
    if (address.is_v6()) return address.to_v6().is_link_local();
    return address.to_v4().to_uint() >> 16 == 0xa9fe;  // 169.254.0.0/16
}

bool can_reach(asio::ip::address const& from, asio::ip::address const& to) {
    if (to.is_loopback()) return from.is_loopback();
    if (is_link_local(to)) return is_link_local(from);
    return true;
}

bool is_useful(Participant const& asker, Participant const& other) {
    if (other.endpoint == asker.endpoint || (asker.complete && other.complete)) return false;
    return can_reach(asker.endpoint.address, other.endpoint.address);
}

}  // namespace

std::vector<Endpoint> choose_peers(Participant const& asker, std::span<Participant const> others, std::size_t most,
                                   std::mt19937& random) {
    std::vector<std::uint32_t> useful;
    useful.reserve(others.size());
    for (std::uint32_t at = 0; at < others.size(); ++at) {
        if (is_useful(asker, others[at])) useful.push_back(at);
    }
    std::vector<Endpoint> chosen;
    chosen.reserve(std::min(most, useful.size()));
    // The first steps of a Fisher-Yates shuffle.
    for (std::size_t at = 0; at < useful.size() && at < most; ++at) {
        std::uniform_int_distribution<std::size_t> any_left(at, useful.size() - 1);
        std::swap(useful[at], useful[any_left(random)]);
        chosen.push_back(others[useful[at]].endpoint);
    }
    return chosen;
}

}  // namespace lanyard::tracker
