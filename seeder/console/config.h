#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/outcome/result.h"

namespace lanyard::console {

// seeder.toml.
struct Config {
    std::string url;  // https; what nodes connect to; once it is checked, with its port and nothing behind that
    std::string listen = "0.0.0.0";
    std::uint16_t port = 8430;
    std::vector<std::string> shared_addresses;  // addresses and networks of whose addresses each stands for many nodes

    std::uint16_t swarm_port = 8431;  // 0: the system chooses, and nodes are told
    std::vector<std::string> networks = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8"};
    std::uint32_t upload_kib_per_second = 0;  // 0: no limit
    std::uint32_t expect_nodes = 50;
    bool many_peers_per_address = true;  // the nodes of a branch often share one address (NAT)

    std::vector<std::string> auto_accept;  // networks whose nodes are accepted without a token and without a person
    std::string operators_group;           // of the system: its members are operators at the local socket; empty: none
};

// Where foreign BitTorrent clients, who know nothing of our CA, find the tracker: the same port, without TLS.
std::string announce_url(Config const& config);

// Everything is checked; what is absent has its default, but for the url. `origin` stands in front of messages, with
// the line: "seeder.toml:3: ...". Keys it does not know are refused, with the one that was meant.
Result<Config> parse_config(std::string_view text, std::string const& origin);

// The same checks on values that came from the command line.
Status check_config(Config const& config);

// With a comment on each setting; parse_config() reads it back.
std::string render_config(Config const& config);

}  // namespace lanyard::console
