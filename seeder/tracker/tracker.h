#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proto/outcome/result.h"
#include "seeder/tracker/choose_peers.h"

namespace lanyard::tracker {

struct Settings {
    std::size_t most_peers = 50;        // in one answer, the central seeder not counted
    std::size_t participants = 20'000;  // of one swarm; over it, who was heard of longest ago is forgotten
    // So that one machine cannot fill a swarm with inventions. An IPv6 network of 64 bits may be one machine, or all of
    // a site.
    std::size_t participants_per_address = 256;
    std::size_t participants_per_network = 5'000;
    std::chrono::seconds interval_downloading{5};
    std::chrono::seconds interval_complete{60};
};

struct Announce {
    std::string info_hash;         // 20 raw bytes
    std::string key;               // who: a node's id, or a foreign client's peer id; at most 32 bytes
    asio::ip::address address;     // as seen by the server
    std::uint16_t port = 0;        // where it accepts peers; 0: nowhere
    std::uint64_t left = 0;        // bytes; 0: complete
    bool stopped = false;          // leaves
    std::size_t most_peers = 200;  // what it wants; Settings::most_peers holds all the same
};

struct Answer {
    std::vector<Endpoint> peers;
    std::chrono::seconds interval{0};  // until the next announce
    std::size_t complete = 0;          // of the swarm
    std::size_t incomplete = 0;
};

// Who is in which swarm: memory only, `now` an argument, no sockets. A participant is forgotten when it has missed
// three announces; its key counts only together with its address, so that nobody can announce in another's name.
class Tracker {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit Tracker(Settings settings = {}, std::uint32_t random_seed = std::random_device()());

    // The swarms there are: those of live packages. Others are closed, and announces for them refused.
    void set_live(std::set<std::string> const& info_hashes);

    Result<Answer> announce(Announce const& announce, Time now);

private:
    struct Presence {
        Time until;
        std::string who;
    };
    struct Swarm {
        // The same participant at the same place in both.
        std::vector<Participant> participants;
        std::vector<Presence> presences;
        std::unordered_map<std::string, std::size_t> places;  // by who
        std::map<asio::ip::address, std::size_t> at_address;
        std::map<asio::ip::address, std::size_t> in_network;  // see network_of
        std::size_t complete = 0;
        Time next_sweep{};
    };

    void enter(Swarm& swarm, std::string const& who, Participant const& participant, Time until) const;
    bool make_room(Swarm& swarm, asio::ip::address const& address) const;
    static void leave(Swarm& swarm, std::size_t place);
    static void sweep(Swarm& swarm, Time now);

    Settings settings_;
    std::mt19937 random_;
    std::map<std::string, Swarm, std::less<>> swarms_;
};

}  // namespace lanyard::tracker
