#include "seeder/console/live_releases.h"

#include "seeder/console/render.h"

namespace lanyard::console {

Result<LiveReleases> LiveReleases::read(store::Database& database) {
    return database.read([](store::Connection& connection) -> Result<LiveReleases> {
        catalogue::Catalogue catalogue(connection);
        auto const revision = catalogue.revision();
        if (!revision) return pass_on(revision);
        auto const targets = catalogue.live_targets();
        if (!targets) return pass_on(targets);
        LiveReleases live;
        live.revision_ = *revision;
        live.count_ = targets->size();
        for (auto const& target : *targets) {
            auto candidate = catalogue::to_candidate(target);
            if (!candidate) return pass_on(candidate);
            live.candidates_[{target.app(), target.channel()}].push_back(std::move(*candidate));
            live.packages_[target.swarm().info_hash_v1()] = to_hex(target.sha256());
        }
        return live;
    });
}

std::span<catalogue::Candidate const> LiveReleases::candidates(std::string const& app,
                                                               std::string const& channel) const {
    auto const found = candidates_.find({app, channel});
    if (found == candidates_.end()) return {};
    return found->second;
}

}  // namespace lanyard::console
