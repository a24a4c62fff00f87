#include "seeder/console/publicity.h"

#include <set>

namespace lanyard::console {

Status Publicity::seed(std::string const& torrent, std::filesystem::path const& package) {
    return session_.seed(torrent, package);
}

void Publicity::stop_seeding(std::string const& info_hash) {
    if (auto const known = swarm::InfoHash::from_bytes(info_hash)) session_.remove(*known);
}

void Publicity::offer(std::shared_ptr<LiveReleases const> live) {
    std::set<std::string> info_hashes;
    for (auto const& [info_hash, name] : live->packages()) info_hashes.insert(info_hash);
    // The swarm first: a node that hears of a release announces itself at once.
    tracker_.set_live(info_hashes);
    offered_.offer(std::move(live));
    front_.revision_changed();
}

}  // namespace lanyard::console
