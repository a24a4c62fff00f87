#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/check.pb.h"

namespace lanyard::fleet {

// What there is to write about a node.
struct Sighting {
    std::string node_id;
    std::int64_t last_seen = 0;  // Unix seconds
    bool changed = false;        // then all that follows is set; else only `last_seen` is news
    std::string name;
    std::string address;
    std::string platform;  // os/arch
    std::string agent_version;
    std::vector<v1::RunningApp> apps;
};

// The checks of nodes as they come in, in memory: thousands of nodes ask all the time, and nearly always the only news
// is that they did. `now` is an argument.
class Sightings {
public:
    static constexpr std::size_t kMostNodes = 50'000;
    static constexpr std::chrono::seconds kSeenInterval{10};
    static constexpr std::chrono::hours kForgetAfter{24};  // when others need the place

    explicit Sightings(std::size_t most_nodes = kMostNodes) : most_nodes_(most_nodes) {}

    // `address`: where the request came from. Fails with malformed, or too_many_nodes.
    Status note_check(v1::CheckRequest const& request, std::string const& address, std::chrono::sys_seconds now);

    // What has to be written now, at most once: what has changed, and every kSeenInterval who has merely been seen.
    std::vector<Sighting> take_due(std::chrono::sys_seconds now);
    // The same without waiting for the interval: before the program ends.
    std::vector<Sighting> take_all();

    // `lost` could not be written: the next check of these nodes is news again.
    void forget(std::vector<Sighting> const& lost);
    // The same for one that the database does not know.
    void forget(std::string const& node_id);

private:
    struct Known {
        std::size_t content = 0;  // hash of what the last check said
        std::int64_t last_seen = 0;
        std::int64_t taken = 0;  // the last_seen that was given out last
    };

    void add_merely_seen(std::vector<Sighting>& due);
    bool make_room(std::chrono::sys_seconds now);

    std::size_t most_nodes_;
    std::unordered_map<std::string, Known> known_;
    std::unordered_map<std::string, Sighting> changed_;
    std::chrono::sys_seconds next_seen_{};
    std::chrono::sys_seconds next_search_{};
};

}  // namespace lanyard::fleet
