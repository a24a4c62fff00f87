#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "proto/async/asio.h"

#include <boost/asio/ip/address.hpp>

namespace lanyard::tracker {

// Where a participant of a swarm accepts peers.
struct Endpoint {
    asio::ip::address address;
    std::uint16_t port = 0;

    friend bool operator==(Endpoint const&, Endpoint const&) = default;
};

struct Participant {
    Endpoint endpoint;
    bool complete = false;  // has every piece
};

// The address itself; of IPv6 its first 64 bits, of which a machine may have the rest as it likes.
asio::ip::address network_of(asio::ip::address const& address);

// Whom `asker` should talk to: at most `most` of `others`, in random order, leechers and seeds alike. Of each network
// one before of any a second, and so on, so that nobody takes the answer by announcing many. Never itself,
// never an address that `asker` cannot reach (loopback or link-local, from elsewhere), and no seeds for one that is
// complete: the two would have nothing to say to each other.
std::vector<Endpoint> choose_peers(Participant const& asker, std::span<Participant const> others, std::size_t most,
                                   std::mt19937& random);

}  // namespace lanyard::tracker
