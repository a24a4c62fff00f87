#include "seeder/tracker/choose_peers.h"

#include <algorithm>
#include <map>

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

// One whose network has `round` others that come first.
struct Later {
    std::size_t round;
    std::uint32_t other;
};

}  // namespace

asio::ip::address network_of(asio::ip::address const& address) {
    constexpr std::ptrdiff_t kNetworkBytes = 8;
    if (address.is_v4()) return address;
    auto bytes = address.to_v6().to_bytes();
    std::fill(bytes.begin() + kNetworkBytes, bytes.end(), static_cast<unsigned char>(0));
    return asio::ip::address_v6(bytes);
}

std::vector<Endpoint> choose_peers(Participant const& asker, std::span<Participant const> others, std::size_t most,
                                   std::mt19937& random) {
    std::vector<std::uint32_t> useful;
    useful.reserve(others.size());
    for (std::uint32_t at = 0; at < others.size(); ++at) {
        if (is_useful(asker, others[at])) useful.push_back(at);
    }
    std::vector<Endpoint> chosen;
    chosen.reserve(std::min(most, useful.size()));
    std::map<asio::ip::address, std::size_t> drawn_of;
    std::vector<Later> later;
    // A Fisher-Yates shuffle, which nearly always ends after its first steps.
    for (std::size_t at = 0; at < useful.size() && chosen.size() < most; ++at) {
        std::uniform_int_distribution<std::size_t> any_left(at, useful.size() - 1);
        std::swap(useful[at], useful[any_left(random)]);
        auto const& endpoint = others[useful[at]].endpoint;
        auto const round = drawn_of[network_of(endpoint.address)]++;
        if (round == 0) {
            chosen.push_back(endpoint);
        } else {
            later.push_back({round, useful[at]});
        }
    }
    auto const earlier = [](Later const& a, Later const& b) { return a.round < b.round; };
    std::stable_sort(later.begin(), later.end(), earlier);
    for (std::size_t at = 0; at < later.size() && chosen.size() < most; ++at) {
        chosen.push_back(others[later[at].other].endpoint);
    }
    return chosen;
}

}  // namespace lanyard::tracker
