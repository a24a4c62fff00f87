// What is shared beside what is being fetched, and what is no longer wanted.
#include <fmt/format.h>

#include <algorithm>

#include "node/fetch/errc.h"
#include "node/fetch/signed_torrent.h"
#include "node/fetch/swarm_fetcher.h"

namespace lanyard::fetch {

Result<swarm::Metainfo> agreeing(release::Target const& target, std::string const& torrent) {
    auto info = swarm::Metainfo::parse(torrent);
    if (!info) return pass_on(info);
    if (info->info_hash.bytes() != target.info_hash || info->length != target.length ||
        info->piece_length != target.piece_length) {
        return fail(Errc::torrent_refused,
                    fmt::format("the torrent of {} does not describe the signed package; it has to "
                                "be published again",
                                name_of(target)));
    }
    return info;
}

Status SwarmFetcher::share(release::Target const& target, std::string const& torrent,
                           std::filesystem::path const& file) {
    if (stopped_) return {};
    auto const info = agreeing(target, torrent);
    if (!info) return pass_on(info);
    auto const shared = tools_.session.seed(torrent, file);
    if (!shared) return shared;
    shared_.insert_or_assign(target.sha256, info->info_hash);
    announcer_->announce(info->info_hash);
    return {};
}

asio::awaitable<void> SwarmFetcher::seed_kept(std::vector<release::Target> targets) {
    for (auto const& target : targets) {
        PackageFiles const files(directory_, target.sha256);
        auto const read = [&] { return files.read_torrent(target.torrent_sha256); };
        auto const torrent = co_await tools_.disk.run(read);
        if (!torrent) continue;
        auto const shared = share(target, *torrent, files.complete());
        if (!shared) tools_.events.debug("fetch.not_shared", shared.error().detail);
    }
}

asio::awaitable<void> SwarmFetcher::forget(release::Digest package) {
    Hold const hold(*this, package);
    if (auto const place = shared_.find(package); place != shared_.end()) {
        tools_.session.remove(place->second);
        announcer_->leave(place->second);
        shared_.erase(place);
    }
    auto const remove = [&] {
        PackageFiles(directory_, package).remove_all();
        return true;
    };
    co_await tools_.disk.run(remove);
}

asio::awaitable<void> SwarmFetcher::sweep(Wanted wanted) {
    auto const look = [this] { return packages_in(directory_); };
    auto const found = co_await tools_.disk.run(look);
    if (stopped_) co_return;
    if (auto const kept = wanted(); !kept) {
        tools_.events.warning("fetch.not_swept", kept.error().detail);
        co_return;
    }
    for (auto const& package : found) {
        if (stopped_) co_return;
        auto const wanted_now = wanted();
        if (!wanted_now || wanted_now->contains(package) || is_under_way(package) || held_.contains(package)) continue;
        co_await forget(package);
        tools_.events.info("fetch.swept",
                           fmt::format("package {} is no longer wanted and was deleted", package.to_hex()));
    }
}

bool SwarmFetcher::is_shared(release::Digest const& package) const {
    auto const place = shared_.find(package);
    auto const progress = place == shared_.end() ? std::nullopt : tools_.session.progress(place->second);
    return progress && progress->state == swarm::Progress::State::complete;
}

bool SwarmFetcher::is_under_way(release::Digest const& package) const {
    return std::ranges::any_of(under_way_, [&](auto const* fetch) { return fetch->target.sha256 == package; });
}

}  // namespace lanyard::fetch
