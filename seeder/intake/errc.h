#pragma once

#include <system_error>

namespace lanyard::intake {

enum class Errc {
    no_such_path = 1,
    unreadable,
    unfit,  // it is there, but not what a package of the wanted type is made of
    empty,
    lost_torrent,  // releases that are live could not be fetched any more
    stopped,       // OnProgress asked to stop
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::intake

template <>
struct std::is_error_code_enum<lanyard::intake::Errc> : std::true_type {};
