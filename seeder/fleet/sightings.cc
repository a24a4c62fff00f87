#include "seeder/fleet/sightings.h"

#include <functional>

#include "seeder/fleet/errc.h"
#include "seeder/fleet/inputs.h"

namespace lanyard::fleet {
namespace {

constexpr std::chrono::minutes kSearchInterval{1};

// A time further away than its interval was set before the clock was set back.
bool is_due(std::chrono::sys_seconds now, std::chrono::sys_seconds next, std::chrono::seconds interval) {
    return now >= next || next - now > interval;
}

// Two contents with one hash only delay what is shown about a node.
std::size_t content_of(v1::CheckRequest const& request, std::string const& address) {
    v1::CheckRequest content = request;
    content.clear_wait_seconds();
    content.clear_last_revision();
    return std::hash<std::string>()(content.SerializeAsString() + address);
}

Sighting sighting_of(v1::CheckRequest const& request, std::string const& address) {
    Sighting sighting;
    sighting.node_id = request.node_id();
    sighting.changed = true;
    sighting.name = request.node_name();
    sighting.address = address;
    sighting.platform = request.platform().os() + "/" + request.platform().arch();
    sighting.agent_version = request.agent_version();
    sighting.apps.assign(request.apps().begin(), request.apps().end());
    return sighting;
}

}  // namespace

Status Sightings::note_check(v1::CheckRequest const& request, std::string const& address,
                             std::chrono::sys_seconds now) {
    auto const checked = check_input(request);
    if (!checked) return checked;
    auto found = known_.find(request.node_id());
    if (found == known_.end()) {
        if (!make_room(now)) {
            return fail(Errc::too_many_nodes, "this seeder keeps account of " + std::to_string(most_nodes_) +
                                                  " nodes; nodes beyond that are served but not listed");
        }
        found = known_.try_emplace(request.node_id()).first;
    }
    auto& known = found->second;
    auto const content = content_of(request, address);
    known.last_seen = now.time_since_epoch().count();
    if (known.content != content) {
        known.content = content;
        changed_.insert_or_assign(request.node_id(), sighting_of(request, address));
    }
    return {};
}

bool Sightings::make_room(std::chrono::sys_seconds now) {
    if (known_.size() < most_nodes_) return true;
    if (!is_due(now, next_search_, kSearchInterval)) return false;
    next_search_ = now + kSearchInterval;
    auto const oldest = (now - kForgetAfter).time_since_epoch().count();
    auto const newest = (now + kForgetAfter).time_since_epoch().count();
    std::erase_if(known_, [&](auto const& node) {
        auto const seen = node.second.last_seen;
        return (seen < oldest || seen > newest) && !changed_.contains(node.first);
    });
    return known_.size() < most_nodes_;
}

std::vector<Sighting> Sightings::take_due(std::chrono::sys_seconds now) {
    std::vector<Sighting> due;
    due.reserve(changed_.size());
    for (auto& [id, sighting] : changed_) {
        auto& known = known_[id];
        sighting.last_seen = known.taken = known.last_seen;
        due.push_back(std::move(sighting));
    }
    changed_.clear();
    if (is_due(now, next_seen_, kSeenInterval)) {
        next_seen_ = now + kSeenInterval;
        add_merely_seen(due);
    }
    return due;
}

std::vector<Sighting> Sightings::take_all() {
    next_seen_ = {};
    return take_due({});
}

void Sightings::add_merely_seen(std::vector<Sighting>& due) {
    for (auto& [id, known] : known_) {
        if (known.last_seen == known.taken) continue;
        known.taken = known.last_seen;
        auto& sighting = due.emplace_back();
        sighting.node_id = id;
        sighting.last_seen = known.last_seen;
    }
}

void Sightings::forget(std::vector<Sighting> const& lost) {
    for (auto const& sighting : lost) forget(sighting.node_id);
}

// The rest of what is known stays: there may be newer news of the node that wait to be taken.
void Sightings::forget(std::string const& node_id) {
    auto const found = known_.find(node_id);
    if (found != known_.end()) found->second.content = 0;
}

}  // namespace lanyard::fleet
