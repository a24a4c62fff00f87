#include <fmt/format.h>
#include <libtorrent/alert_types.hpp>

#include "proto/swarm/session_impl.h"

namespace lanyard::swarm {
namespace {

using namespace std::chrono_literals;

constexpr auto kBusyTick = 500ms;
constexpr auto kSeedingTick = 2s;

}  // namespace

void Session::Impl::drain_alerts() {
    if (closed) return;
    std::vector<lt::alert*> alerts;
    session->pop_alerts(&alerts);
    for (auto const* alert : alerts) on_alert(*alert);
}

void Session::Impl::on_alert(lt::alert const& alert) {
    if (auto const* update = lt::alert_cast<lt::state_update_alert>(&alert)) {
        for (auto const& status : update->status) on_status(status);
        complete_flushed();
        return;
    }
    auto const* about = dynamic_cast<lt::torrent_alert const*>(&alert);
    auto const torrent = about ? torrents.find(about->handle) : nullptr;
    if (!torrent) return;
    if (auto const* state = lt::alert_cast<lt::state_changed_alert>(&alert)) {
        on_state(*torrent, state->state);
    } else if (lt::alert_cast<lt::torrent_checked_alert>(&alert)) {
        torrent->rechecking = false;
    } else if (lt::alert_cast<lt::torrent_finished_alert>(&alert)) {
        on_all_pieces(*torrent);
    } else if (lt::alert_cast<lt::cache_flushed_alert>(&alert)) {
        on_flushed(*torrent);
    } else if (lt::alert_cast<lt::file_renamed_alert>(&alert)) {
        torrent->renamed = Status();
        torrent->changed.ring();
    } else if (auto const* kept = lt::alert_cast<lt::file_rename_failed_alert>(&alert)) {
        torrent->renamed = fail(Errc::disk_failure, kept->error.message());
        torrent->changed.ring();
    } else if (auto const* file = lt::alert_cast<lt::file_error_alert>(&alert)) {
        fail_with(*torrent, describe_failure(*torrent, file->error));
    } else if (auto const* error = lt::alert_cast<lt::torrent_error_alert>(&alert)) {
        fail_with(*torrent, describe_failure(*torrent, error->error));
    } else if (auto const* piece = lt::alert_cast<lt::hash_failed_alert>(&alert)) {
        events.debug("swarm.piece_failed", fmt::format("piece {} of '{}' came damaged and is fetched again",
                                                       static_cast<int>(piece->piece_index), torrent->file.string()));
    }
}

void Session::Impl::on_status(lt::torrent_status const& status) {
    auto const torrent = torrents.find(status.handle);
    if (!torrent || torrent->rechecking) return;
    update(*torrent, status);
    if (torrent->progress.connected_peers > 0) keep_ticking();
    // The alert that says so can be lost when the queue is full.
    if (torrent->is_busy() && status.is_seeding) on_all_pieces(*torrent);
}

void Session::Impl::on_state(Torrent& torrent, lt::torrent_status::state_t state) {
    if (state == lt::torrent_status::checking_files && torrent.only_seeds) {
        // libtorrent has found a bad piece in what was to be complete. Fetching it again is not ours to decide.
        fail_with(torrent,
                  {Errc::disk_failure, fmt::format("'{}' is damaged and is no longer shared; put the file back "
                                                   "as it was published",
                                                   torrent.file.string())});
    }
    if (state == lt::torrent_status::downloading && torrent.is_busy() && !torrent.rechecking) {
        torrent.progress.state = Progress::State::downloading;
        connect_at_once(torrent);
    }
}

// libtorrent connects to the peers it knows at its next tick, which is up to a second away; resuming makes it do so
// now. Pausing drops every connection and forgets what was counted, so this is for a torrent without any exchange yet.
void Session::Impl::connect_at_once(Torrent& torrent) {
    auto const waits = torrent.progress.state == Progress::State::downloading && torrent.peers_known;
    if (!waits || torrent.tally.any_open() || !torrent.tally.peers().empty() || !torrent.handle.is_valid()) return;
    torrent.handle.pause();
    torrent.handle.resume();
}

void Session::Impl::on_all_pieces(Torrent& torrent) {
    if (!torrent.is_busy() || torrent.flushing) return;
    torrent.flushing = true;
    torrent.handle.flush_cache();
}

// The last counts come with the next update, which every tick asks for as well; asking the handle would wait for
// libtorrent's thread.
void Session::Impl::on_flushed(Torrent& torrent) {
    if (!torrent.flushing || torrent.flushed) return;
    torrent.flushed = true;
    session->post_torrent_updates({});
}

// Alerts keep their order: the update that has just come is younger than the flush.
void Session::Impl::complete_flushed() {
    for (auto const& [info_hash, torrent] : torrents.all()) {
        if (!torrent->flushed || !torrent->is_busy()) continue;
        torrent->flushing = torrent->flushed = false;
        torrent->progress.state = Progress::State::complete;
        torrent->progress.bytes_done = torrent->progress.bytes_total;
        torrent->changed.ring();
    }
}

void Session::Impl::keep_ticking() {
    auto const busy = torrents.any_busy();
    if (closed || resting || (ticking && !(ticking_slowly && busy))) return;
    ticking = true;
    ticking_slowly = !busy;
    tick.expires_after(busy ? std::chrono::milliseconds(kBusyTick) : std::chrono::milliseconds(kSeedingTick));
    tick.async_wait([weak = weak_from_this()](boost::system::error_code const& cancelled) {
        auto const self = weak.lock();
        if (cancelled || !self || self->closed) return;
        self->ticking = false;
        self->on_tick();
    });
}

void Session::Impl::on_tick() {
    session->post_torrent_updates({});
    for (auto const& [info_hash, torrent] : torrents.all()) torrent->tally.fold();
    if (torrents.any_busy() || torrents.any_connected()) keep_ticking();
}

}  // namespace lanyard::swarm
