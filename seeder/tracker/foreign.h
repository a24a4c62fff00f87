#pragma once

#include <map>
#include <optional>
#include <string>

#include "seeder/tracker/tracker.h"

namespace lanyard::tracker {

// The announce of any BitTorrent client: GET /announce?info_hash&peer_id&port&uploaded&downloaded&left&event&compact&
// numwant (BEP 3, 7, 23).
struct ForeignAnnounce {
    Announce announce;
    bool compact = true;
};

// `query`: names and values, percent-decoded. `address` is where the request came from: an address in the query is
// ignored, as it would let one client point a swarm at another. Fails with malformed_announce.
Result<ForeignAnnounce> parse_foreign(std::map<std::string, std::string> const& query,
                                      asio::ip::address const& address);

// Bencoded. The central seeder, when its address is known, comes first.
std::string bencode(Answer const& answer, std::optional<Endpoint> const& seeder, bool compact);
std::string bencode_failure(std::string const& reason);

}  // namespace lanyard::tracker
