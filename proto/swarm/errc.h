#pragma once

#include <system_error>

namespace lanyard::swarm {

enum class Errc {
    malformed_torrent = 1,
    unacceptable_torrent,  // well-formed, but not v1, one file, private
    unreadable_file,
    disk_full,
    disk_failure,
    listen_failed,
    removed,  // the torrent was taken out while waiting for it
    unknown_torrent,
    bad_setting,  // a setting is not what it must be
    stopped,      // OnHashed asked to stop
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::swarm

template <>
struct std::is_error_code_enum<lanyard::swarm::Errc> : std::true_type {};
