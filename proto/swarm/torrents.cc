#include "proto/swarm/torrents.h"

#include <algorithm>

#include <fmt/format.h>

#include "proto/swarm/errc.h"

namespace lanyard::swarm {

std::shared_ptr<Torrent> Torrents::find(InfoHash const& info_hash) const {
    auto const place = by_hash_.find(info_hash);
    return place == by_hash_.end() ? nullptr : place->second;
}

std::shared_ptr<Torrent> Torrents::find(lt::torrent_handle const& handle) const {
    auto const same = [&](auto const& entry) { return entry.second->handle == handle; };
    auto const place = std::ranges::find_if(by_hash_, same);
    return place == by_hash_.end() ? nullptr : place->second;
}

bool Torrents::any_busy() const {
    return std::ranges::any_of(by_hash_, [](auto const& entry) { return entry.second->is_busy(); });
}

bool Torrents::any_connected() const {
    return std::ranges::any_of(by_hash_, [](auto const& entry) { return entry.second->progress.connected_peers > 0; });
}

void update(Torrent& torrent, lt::torrent_status const& status) {
    auto& progress = torrent.progress;
    progress.connected_peers = static_cast<std::uint32_t>(std::max(status.num_peers, 0));
    progress.bytes_per_second = static_cast<std::uint64_t>(std::max(status.download_payload_rate, 0));
    progress.wasted = static_cast<std::uint64_t>(status.total_failed_bytes + status.total_redundant_bytes);
    if (!torrent.is_busy()) return;
    progress.bytes_done = static_cast<std::uint64_t>(std::max<std::int64_t>(status.total_done, 0));
    auto const checking =
        status.state == lt::torrent_status::checking_files || status.state == lt::torrent_status::checking_resume_data;
    progress.state = checking ? Progress::State::checking : Progress::State::downloading;
}

Failure describe_failure(Torrent const& torrent, lt::error_code const& error) {
    namespace errc = boost::system::errc;
    auto const file = torrent.file.string();
    auto const missing =
        torrent.progress.bytes_total - std::min(torrent.progress.bytes_total, torrent.progress.bytes_done);
    if (error == errc::no_space_on_device || error == errc::file_too_large) {
        return {Errc::disk_full,
                fmt::format("no space left for '{}': {} bytes are still missing; make room on that file "
                            "system",
                            file, missing)};
    }
    if (error == errc::no_such_file_or_directory) {
        return {Errc::disk_failure, fmt::format("'{}' has gone while it was being shared", file)};
    }
    if (error == errc::permission_denied || error == errc::operation_not_permitted ||
        error == errc::read_only_file_system) {
        return {Errc::disk_failure,
                fmt::format("'{}' cannot be used: {}; check the owner and the mode of its directory", file,
                            error.message())};
    }
    return {Errc::disk_failure,
            fmt::format("'{}' cannot be used: {}; check the disk that it is on", file, error.message())};
}

}  // namespace lanyard::swarm
