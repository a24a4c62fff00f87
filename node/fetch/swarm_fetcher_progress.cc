// How far a fetch is, whether it goes on, and what is said of it.
#include <fmt/format.h>

#include <algorithm>

#include "node/fetch/signed_torrent.h"
#include "node/fetch/swarm_fetcher.h"

namespace lanyard::fetch {
namespace {

using swarm::Progress;

// Shorter waits are everyday.
constexpr std::chrono::seconds kWorthTelling{30};

std::uint64_t received(Progress const& progress) {
    std::uint64_t sum = 0;
    for (auto const& peer : progress.peers) sum += peer.received;
    return sum;
}

std::string idle_words(std::chrono::seconds idle, Progress const& progress) {
    return fmt::format("nothing has come for {} s, {} peers connected", idle.count(), progress.connected_peers);
}

}  // namespace

std::optional<FetchProgress> SwarmFetcher::progress(release::Digest const& package) const {
    auto const same = [&](auto const* fetch) { return fetch->target.sha256 == package; };
    auto const place = std::ranges::find_if(under_way_, same);
    if (place == under_way_.end()) return std::nullopt;
    auto const& fetch = **place;
    FetchProgress result;
    result.bytes_total = fetch.target.length;
    result.trouble = fetch.trouble;
    if (auto const progress = tools_.session.progress(fetch.info.info_hash)) {
        result.bytes_done = progress->bytes_done;
        result.bytes_per_second = progress->bytes_per_second;
        result.sources = sources(fetch, *progress);
        auto const idle = fetch.stall.idle(tools_.now());
        if (progress->state == Progress::State::downloading && idle >= kWorthTelling) {
            result.trouble = idle_words(idle, *progress);
        }
    }
    return result;
}

// Called about twice a second. Taken out of the session here, it is put in again by download().
void SwarmFetcher::watch(Fetch& fetch, Progress const& progress) {
    tell_progress(fetch, progress);
    auto const now = tools_.now();
    if (progress.state == Progress::State::checking) fetch.stall.hold(now);
    if (progress.state != Progress::State::downloading || !fetch.stall.look(received(progress), now)) return;
    auto const idle = fetch.stall.idle(now);
    tools_.events.warning("fetch.stalled", fmt::format("{}: {}; it is begun anew with what is there",
                                                       name_of(fetch.target), idle_words(idle, progress)));
    add_received(fetch.received_before, progress);
    fetch.stalled = true;
    tools_.session.remove(fetch.info.info_hash);
}

void SwarmFetcher::tell_progress(Fetch& fetch, Progress const& progress) {
    if (progress.state != Progress::State::downloading || progress.bytes_total == 0) return;
    auto const tenths = static_cast<unsigned>(progress.bytes_done * 10 / progress.bytes_total);
    if (tenths == fetch.told_tenths) return;
    fetch.told_tenths = tenths;
    tools_.events.info("fetch.progress",
                       fmt::format("{}: {} % of {} bytes, {} KiB/s from {} peers", name_of(fetch.target), tenths * 10,
                                   progress.bytes_total, progress.bytes_per_second / 1024, progress.connected_peers));
}

void SwarmFetcher::add_received(Received& sum, Progress const& progress) const {
    for (auto const& peer : progress.peers) {
        if (peer.received > 0) sum[{peer.peer.address, announcer_->is_seeder(peer.peer)}] += peer.received;
    }
}

std::vector<v1::SourceBytes> SwarmFetcher::sources(Fetch const& fetch, Progress const& progress) const {
    auto sum = fetch.received_before;
    add_received(sum, progress);
    std::vector<v1::SourceBytes> result;
    for (auto const& [source, bytes] : sum) {
        auto& entry = result.emplace_back();
        entry.set_address(source.first);
        entry.set_seeder(source.second);
        entry.set_bytes(bytes);
    }
    return result;
}

}  // namespace lanyard::fetch
