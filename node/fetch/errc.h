#pragma once

#include <system_error>

namespace lanyard::fetch {

enum class Errc {
    stopped = 1,
    torrent_refused,  // the torrent is not the one that the signed target names
    digest_mismatch,  // what the swarm gives is not, again and again, what the signed target names
    disk_full,
    unusable_directory,
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::fetch

template <>
struct std::is_error_code_enum<lanyard::fetch::Errc> : std::true_type {};
