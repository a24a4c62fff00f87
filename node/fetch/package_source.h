#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "proto/async/asio.h"
#include "proto/outcome/result.h"
#include "proto/swarm/metainfo.h"
#include "proto/swarm/session.h"

namespace lanyard::fetch {

struct SwarmPeer {
    swarm::Endpoint endpoint;
    bool seeder = false;  // the central seeder itself
};

// This node's part in a swarm, and what the tracker answered.
struct Announcement {
    swarm::InfoHash info_hash;
    std::uint16_t port = 0;  // 0: it does not listen
    std::uint64_t bytes_left = 0;
    bool stopped = false;  // leaves the swarm
};
struct AnnounceAnswer {
    std::vector<SwarmPeer> peers;
    std::chrono::seconds interval{0};  // asked for until the next announcement
};

// The seeder, as fetch needs it. Errors of Kind::network mean: later, perhaps.
class PackageSource {
public:
    virtual ~PackageSource() = default;

    virtual asio::awaitable<Result<AnnounceAnswer>> announce(Announcement announcement) = 0;

    // "<sha256>.torrent" or "<sha256>.pieces"; never more than `max_bytes` of it.
    virtual asio::awaitable<Result<std::string>> package_file(std::string name, std::size_t max_bytes) = 0;
};

}  // namespace lanyard::fetch
