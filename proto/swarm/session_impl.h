#pragma once

// Private to this room.

#include <memory>

#include <libtorrent/alert.hpp>
#include <libtorrent/session.hpp>

#include "proto/swarm/errc.h"
#include "proto/swarm/session.h"
#include "proto/swarm/torrents.h"

namespace lanyard::swarm {

// Lives as long as the Session, or as a coroutine that still waits in finished(). All of it runs on the io_context
// thread, but for the two callbacks that say so, and those only post.
struct Session::Impl : std::enable_shared_from_this<Session::Impl> {
    Impl(asio::io_context& io_context, events::Events& events_sink, Settings const& given, lt::ip_filter allowed_peers)
        : io(io_context), events(events_sink), settings(given), allowed(std::move(allowed_peers)), tick(io_context) {}

    void start();
    void listen();
    void stop_listening();
    void close();

    Status add(std::string const& torrent_bytes, std::filesystem::path const& file, bool only_seeds);
    Status hand_over(Torrent& torrent, std::shared_ptr<lt::torrent_info> info);
    void remove(InfoHash const& info_hash);
    void drop(Torrent& torrent);
    void fail_with(Torrent& torrent, Failure const& failure);
    static asio::awaitable<Status> finished(std::shared_ptr<Impl> self, InfoHash info_hash,
                                            std::function<void(Progress const&)> on_progress);

    static asio::awaitable<Status> rename(std::shared_ptr<Impl> self, InfoHash info_hash, std::filesystem::path file);

    // session_alerts.cc
    void drain_alerts();
    void on_alert(lt::alert const& alert);
    void on_status(lt::torrent_status const& status);
    void on_state(Torrent& torrent, lt::torrent_status::state_t state);
    void connect_at_once(Torrent& torrent);
    void on_all_pieces(Torrent& torrent);
    void on_flushed(Torrent& torrent);
    void complete_flushed();
    void keep_ticking();
    void on_tick();

    asio::io_context& io;
    events::Events& events;
    Settings settings;
    lt::ip_filter allowed;
    std::unique_ptr<lt::session> session;  // made when there is something to share
    Torrents torrents;
    std::uint64_t exchanged_before = 0;  // by those that were removed
    std::uint16_t port = 0;              // 0: not listening
    Error listen_failure{Errc::listen_failed, "not listening, because there is nothing to share"};
    asio::steady_timer tick;
    bool ticking = false;
    bool ticking_slowly = false;
    std::function<void(InfoHash const&)> when_failed = [](auto const&) {};
    bool closed = false;
    bool resting = false;  // no more ticks
};

}  // namespace lanyard::swarm
