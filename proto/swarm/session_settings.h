#pragma once

// Private to this room: how libtorrent is set up for a LAN, and why.

#include <string>
#include <vector>

#include <libtorrent/ip_filter.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/settings_pack.hpp>

#include "proto/outcome/result.h"
#include "proto/swarm/session.h"

namespace lanyard::swarm {

lt::settings_pack settings_pack(Settings const& settings);

// Denies every address, IPv4 and IPv6, that is in none of `networks` (CIDR, or a single address).
Result<lt::ip_filter> allow_only(std::vector<std::string> const& networks);

// Puts every peer into one class of ours, whose limits hold for all of them. libtorrent's own "local" class would let
// each peer with a private address, that is every peer of a LAN, past all rate limits and upload slots.
void replace_peer_classes(lt::session& session, Settings const& settings);

// For settings_pack::listen_interfaces.
std::string listen_interfaces(std::string const& address, std::uint16_t port);

// `port` (0: any) when it is free on `address`, else why not.
Result<std::uint16_t> find_free_port(std::string const& address, std::uint16_t port);

}  // namespace lanyard::swarm
