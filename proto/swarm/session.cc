#include "proto/swarm/session.h"

#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <libtorrent/add_torrent_params.hpp>
#include <libtorrent/extensions/smart_ban.hpp>
#include <libtorrent/peer_info.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/torrent_info.hpp>

#include "proto/swarm/errc.h"
#include "proto/swarm/session_impl.h"
#include "proto/swarm/session_settings.h"
#include "proto/swarm/torrent_file.h"

namespace lanyard::swarm {
namespace {

using namespace std::chrono_literals;

constexpr auto kProgressEvery = 500ms;
constexpr char const* kNothingToShare = "not listening for peers, because there is nothing to share";

Progress snapshot(Torrent const& torrent) {
    auto progress = torrent.progress;
    progress.peers = torrent.tally.peers();
    progress.sent = torrent.tally.sent();
    return progress;
}

}  // namespace

void Session::Impl::start() {
    if (session) return;
    lt::session_params params(settings_pack(settings), {});
    params.ip_filter = allowed;
    session = std::make_unique<lt::session>(std::move(params));
    session->add_extension(&lt::create_smart_ban_plugin);
    replace_peer_classes(*session, settings);
    // Called in libtorrent's thread, with its lock held: it may do nothing but post.
    session->set_alert_notify([this_io = &io, weak = weak_from_this()] {
        asio::post(*this_io, [weak] {
            if (auto const self = weak.lock()) self->drain_alerts();
        });
    });
}

void Session::Impl::listen() {
    if (port != 0) return;
    auto free_port = find_free_port(settings.listen_address, settings.listen_port);
    if (!free_port && settings.part == Part::node && settings.listen_port != 0) {
        events.warning("swarm.port_taken", free_port.error().detail + "; using another port");
        free_port = find_free_port(settings.listen_address, 0);
    }
    if (!free_port) {
        listen_failure = free_port.error();
        // A seeder does not begin without, and its caller says why.
        if (settings.part == Part::node) events.warning("swarm.listen_failed", free_port.error().detail);
        return;
    }
    lt::settings_pack pack;
    pack.set_str(lt::settings_pack::listen_interfaces, listen_interfaces(settings.listen_address, *free_port));
    session->apply_settings(std::move(pack));
    port = session->listen_port();
    if (port == 0) {
        listen_failure = Error(Errc::listen_failed, fmt::format("cannot listen for peers on {} port {}",
                                                                settings.listen_address, *free_port));
        events.warning("swarm.listen_failed", listen_failure.detail);
    }
}

void Session::Impl::stop_listening() {
    if (port == 0 || !session) return;
    lt::settings_pack pack;
    pack.set_str(lt::settings_pack::listen_interfaces, "");
    session->apply_settings(std::move(pack));
    port = 0;
    listen_failure = Error(Errc::listen_failed, kNothingToShare);
}

void Session::Impl::close() {
    closed = true;
    tick.cancel();
    for (auto const& [info_hash, torrent] : torrents.all()) {
        torrent->removed = true;
        torrent->changed.ring();
    }
    // Waits for libtorrent's threads: it has no tracker to say goodbye to, so for the disk jobs under way only.
    session.reset();
}

Status Session::Impl::add(std::string const& torrent_bytes, std::filesystem::path const& file, bool only_seeds) {
    auto loaded = load_torrent(torrent_bytes);
    if (!loaded) return pass_on(loaded);
    auto const present = torrents.find(loaded->info.info_hash);
    auto const same = present && present->file == file && present->only_seeds == only_seeds;
    if (same && present->progress.state != Progress::State::failed) return {};
    remove(loaded->info.info_hash);

    if (only_seeds) {
        std::error_code wrong;
        auto const length = std::filesystem::file_size(file, wrong);
        if (wrong || length != loaded->info.length) {
            return fail(Errc::unreadable_file,
                        fmt::format("cannot share '{}': {}", file.string(),
                                    wrong ? wrong.message() : "it has not the length that its torrent says"));
        }
    }
    start();
    auto torrent = std::make_shared<Torrent>(io);
    torrent->info_hash = loaded->info.info_hash;
    torrent->file = file;
    torrent->only_seeds = only_seeds;
    torrent->progress.bytes_total = loaded->info.length;
    if (only_seeds) {
        torrent->progress.state = Progress::State::complete;
        torrent->progress.bytes_done = loaded->info.length;
    }
    if (auto added = hand_over(*torrent, std::move(loaded->torrent)); !added) return added;
    torrents.add(torrent);
    listen();
    keep_ticking();
    return {};
}

Status Session::Impl::hand_over(Torrent& torrent, std::shared_ptr<lt::torrent_info> info) {
    lt::add_torrent_params params;
    params.ti = std::move(info);
    params.save_path = torrent.file.parent_path().string();
    params.renamed_files[lt::file_index_t{0}] = torrent.file.filename().string();
    params.storage_mode = lt::storage_mode_sparse;
    // No queueing, and neither trackers nor web seeds, whatever the torrent may say.
    params.flags = lt::torrent_flags::update_subscribe | lt::torrent_flags::apply_ip_filter |
                   lt::torrent_flags::override_trackers | lt::torrent_flags::override_web_seeds |
                   lt::torrent_flags::disable_dht | lt::torrent_flags::disable_lsd | lt::torrent_flags::disable_pex;
    if (torrent.only_seeds) params.flags |= lt::torrent_flags::seed_mode;
    PeerCountSink const sink = [this_io = &io, weak = weak_from_this(),
                                info_hash = torrent.info_hash](std::shared_ptr<PeerCount> count) {
        asio::post(*this_io, [weak, info_hash, count = std::move(count)] {
            auto const self = weak.lock();
            auto const counted = self ? self->torrents.find(info_hash) : nullptr;
            if (!counted) return;
            counted->tally.add(count);
            self->keep_ticking();
        });
    };
    params.extensions.emplace_back(
        [sink](lt::torrent_handle const&, lt::client_data_t) { return make_peer_counter(sink); });

    lt::error_code wrong;
    // Waits for the network thread, which is a matter of microseconds and happens once a package.
    torrent.handle = session->add_torrent(std::move(params), wrong);
    if (!wrong) return {};
    return fail(Errc::disk_failure, fmt::format("cannot share '{}': {}", torrent.file.string(), wrong.message()));
}

void Session::Impl::remove(InfoHash const& info_hash) {
    auto const torrent = torrents.find(info_hash);
    if (!torrent) return;
    exchanged_before += torrent->tally.exchanged();
    torrents.erase(info_hash);
    drop(*torrent);
    torrent->removed = true;
    torrent->changed.ring();
    if (torrents.empty() && settings.part == Part::node) stop_listening();
}

void Session::Impl::drop(Torrent& torrent) {
    if (torrent.handle.is_valid()) session->remove_torrent(torrent.handle);
    torrent.handle = lt::torrent_handle();
}

void Session::Impl::fail_with(Torrent& torrent, Failure const& failure) {
    if (torrent.progress.state == Progress::State::failed) return;
    torrent.progress.state = Progress::State::failed;
    torrent.progress.failure = failure.text;
    torrent.progress.connected_peers = 0;
    torrent.progress.bytes_per_second = 0;
    torrent.failure = failure.code;
    drop(torrent);
    events.warning("swarm.failed", failure.text);
    torrent.changed.ring();
    when_failed(torrent.info_hash);
}

asio::awaitable<Status> Session::Impl::finished(std::shared_ptr<Impl> self, InfoHash info_hash,
                                                std::function<void(Progress const&)> on_progress) {
    auto const torrent = self->torrents.find(info_hash);
    if (!torrent) co_return fail(Errc::unknown_torrent, "no such torrent: " + info_hash.to_hex());
    for (;;) {
        if (torrent->removed) co_return fail(Errc::removed, "the torrent was taken out of the swarm");
        if (on_progress) on_progress(snapshot(*torrent));
        if (torrent->progress.state == Progress::State::complete) co_return Status();
        if (torrent->progress.state == Progress::State::failed) {
            co_return fail(torrent->failure, torrent->progress.failure);
        }
        co_await torrent->changed.wait(kProgressEvery);
    }
}

asio::awaitable<Status> Session::Impl::rename(std::shared_ptr<Impl> self, InfoHash info_hash,
                                              std::filesystem::path file) {
    auto const torrent = self->torrents.find(info_hash);
    if (!torrent || !torrent->handle.is_valid()) {
        co_return fail(Errc::unknown_torrent, "no such torrent: " + info_hash.to_hex());
    }
    torrent->renamed.reset();
    torrent->handle.rename_file(lt::file_index_t{0}, file.filename().string());
    while (!torrent->renamed) {
        if (torrent->removed) co_return fail(Errc::removed, "the torrent was taken out of the swarm");
        if (torrent->failure) co_return fail(torrent->failure, torrent->progress.failure);
        co_await torrent->changed.wait(kProgressEvery);
    }
    if (!*torrent->renamed) co_return pass_on(*torrent->renamed, "cannot rename '" + torrent->file.string() + "'");
    torrent->file = file;
    co_return Status();
}

Session::Session(asio::io_context& io, events::Events& events, Settings const& settings) {
    if (auto const good = check_settings(settings); !good) throw std::invalid_argument(good.error().detail);
    impl_ = std::make_shared<Impl>(io, events, settings, *allow_only(settings.networks));
    if (settings.part == Part::seeder) {
        impl_->start();
        impl_->listen();
    }
}

Session::~Session() { impl_->close(); }

Result<std::uint16_t> Session::listen_port() const {
    if (impl_->port == 0) return tl::unexpected<Error>(impl_->listen_failure);
    return impl_->port;
}

Status Session::seed(std::string const& torrent, std::filesystem::path const& file) {
    return impl_->add(torrent, file, true);
}

Status Session::download(std::string const& torrent, std::filesystem::path const& file) {
    return impl_->add(torrent, file, false);
}

asio::awaitable<Status> Session::finished(InfoHash info_hash, std::function<void(Progress const&)> on_progress) {
    return Impl::finished(impl_, info_hash, std::move(on_progress));
}

Status Session::recheck(InfoHash const& info_hash) {
    auto const torrent = impl_->torrents.find(info_hash);
    if (!torrent || !torrent->handle.is_valid()) {
        return fail(Errc::unknown_torrent, "no such torrent: " + info_hash.to_hex());
    }
    torrent->only_seeds = false;
    torrent->rechecking = true;
    torrent->flushing = torrent->flushed = false;
    torrent->progress.state = Progress::State::checking;
    torrent->handle.force_recheck();
    impl_->keep_ticking();
    return {};
}

asio::awaitable<Status> Session::rename(InfoHash info_hash, std::filesystem::path file) {
    return Impl::rename(impl_, info_hash, std::move(file));
}

void Session::when_failed(std::function<void(InfoHash const&)> told) { impl_->when_failed = std::move(told); }

void Session::connect(InfoHash const& info_hash, std::vector<Endpoint> const& peers) {
    auto const torrent = impl_->torrents.find(info_hash);
    if (!torrent || !torrent->handle.is_valid()) return;
    for (auto const& peer : peers) {
        lt::error_code wrong;
        auto const address = lt::make_address(peer.address, wrong);
        if (wrong || peer.port == 0) continue;
        // Named again by a tracker, a peer that has failed is worth another try; from any other source it never is.
        torrent->handle.connect_peer(lt::tcp::endpoint(address, peer.port), lt::peer_info::tracker, {});
        torrent->peers_known = true;
    }
    impl_->connect_at_once(*torrent);
}

std::optional<Progress> Session::progress(InfoHash const& info_hash) const {
    auto const torrent = impl_->torrents.find(info_hash);
    if (!torrent) return std::nullopt;
    return snapshot(*torrent);
}

void Session::remove(InfoHash const& info_hash) { impl_->remove(info_hash); }

std::uint64_t Session::exchanged() const {
    auto sum = impl_->exchanged_before;
    for (auto const& [info_hash, torrent] : impl_->torrents.all()) sum += torrent->tally.exchanged();
    return sum;
}

void Session::rest() {
    impl_->resting = true;
    impl_->tick.cancel();
}

}  // namespace lanyard::swarm
