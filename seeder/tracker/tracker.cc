#include "seeder/tracker/tracker.h"

#include <algorithm>

#include "seeder/tracker/errc.h"

namespace lanyard::tracker {
namespace {

constexpr std::size_t kSha1Size = 20;
constexpr std::size_t kLongestKey = 32;
constexpr int kMissedAnnounces = 3;
constexpr std::chrono::seconds kSweepInterval{1};

using Counts = std::map<asio::ip::address, std::size_t>;

std::size_t count_of(Counts const& counts, asio::ip::address const& address) {
    auto const found = counts.find(address);
    return found == counts.end() ? 0 : found->second;
}

void take_one(Counts& counts, asio::ip::address const& address) {
    auto const found = counts.find(address);
    if (found != counts.end() && --found->second == 0) counts.erase(found);
}

}  // namespace

Tracker::Tracker(Settings settings, std::uint32_t random_seed) : settings_(settings), random_(random_seed) {}

void Tracker::set_live(std::set<std::string> const& info_hashes) {
    std::erase_if(swarms_, [&](auto const& swarm) { return !info_hashes.contains(swarm.first); });
    for (auto const& info_hash : info_hashes) swarms_.try_emplace(info_hash);
}

Result<Answer> Tracker::announce(Announce const& announce, Time now) {
    if (announce.info_hash.size() != kSha1Size || announce.key.empty() || announce.key.size() > kLongestKey) {
        return fail(Errc::malformed_announce, "an announce needs an info-hash of 20 bytes and a name of 1 to 32");
    }
    auto const found = swarms_.find(announce.info_hash);
    if (found == swarms_.end()) {
        return fail(Errc::unknown_info_hash,
                    "no live package of this seeder has this info-hash; check for updates again");
    }
    auto& swarm = found->second;
    sweep(swarm, now);

    Answer answer;
    bool const complete = announce.left == 0;
    answer.interval = complete ? settings_.interval_complete : settings_.interval_downloading;
    auto const who = announce.address.to_string() + " " + announce.key;
    Participant const participant{{announce.address, announce.port}, complete};
    if (announce.stopped || announce.port == 0) {
        auto const place = swarm.places.find(who);
        if (place != swarm.places.end()) leave(swarm, place->second);
    } else {
        enter(swarm, who, participant, now + kMissedAnnounces * answer.interval);
    }
    if (!announce.stopped) {
        auto const most = std::min(announce.most_peers, settings_.most_peers);
        answer.peers = choose_peers(participant, swarm.participants, most, random_);
    }
    answer.complete = swarm.complete;
    answer.incomplete = swarm.participants.size() - swarm.complete;
    return answer;
}

void Tracker::enter(Swarm& swarm, std::string const& who, Participant const& participant, Time until) const {
    auto const known = swarm.places.find(who);
    if (known != swarm.places.end()) {
        auto& place = swarm.participants[known->second];
        swarm.complete -= place.complete ? 1 : 0;
        place = participant;
        swarm.presences[known->second].until = until;
    } else {
        if (!make_room(swarm, participant.endpoint.address)) return;
        swarm.places.emplace(who, swarm.participants.size());
        swarm.participants.push_back(participant);
        swarm.presences.push_back({until, who});
        ++swarm.at_address[participant.endpoint.address];
        ++swarm.in_network[network_of(participant.endpoint.address)];
    }
    swarm.complete += participant.complete ? 1 : 0;
}

// False when the address has its share already: the announce is answered all the same.
bool Tracker::make_room(Swarm& swarm, asio::ip::address const& address) const {
    if (count_of(swarm.at_address, address) >= settings_.participants_per_address) return false;
    if (count_of(swarm.in_network, network_of(address)) >= settings_.participants_per_network) return false;
    if (swarm.participants.size() < settings_.participants) return true;
    auto const sooner = [](Presence const& a, Presence const& b) { return a.until < b.until; };
    auto const oldest = std::min_element(swarm.presences.begin(), swarm.presences.end(), sooner);
    if (oldest == swarm.presences.end()) return false;
    leave(swarm, static_cast<std::size_t>(oldest - swarm.presences.begin()));
    return true;
}

void Tracker::leave(Swarm& swarm, std::size_t place) {
    auto const address = swarm.participants[place].endpoint.address;
    swarm.complete -= swarm.participants[place].complete ? 1 : 0;
    take_one(swarm.at_address, address);
    take_one(swarm.in_network, network_of(address));
    swarm.places.erase(swarm.presences[place].who);
    auto const last = swarm.participants.size() - 1;
    if (place != last) {
        swarm.participants[place] = swarm.participants[last];
        swarm.presences[place] = std::move(swarm.presences[last]);
        swarm.places[swarm.presences[place].who] = place;
    }
    swarm.participants.pop_back();
    swarm.presences.pop_back();
}

void Tracker::sweep(Swarm& swarm, Time now) {
    if (now < swarm.next_sweep) return;
    swarm.next_sweep = now + kSweepInterval;
    for (auto place = swarm.presences.size(); place > 0; --place) {
        if (swarm.presences[place - 1].until <= now) leave(swarm, place - 1);
    }
}

}  // namespace lanyard::tracker
