#pragma once

#include <system_error>

namespace lanyard::apply {

enum class Errc {
    unusable_home = 1,     // the application's directory cannot be read or written
    foreign_current,       // `current` is not ours: not a link into versions/
    missing_release,       // a release that must be there is not
    refused_by_installer,  // the installer, or a script of the package, failed; what it left was put right
    not_for_this_machine,  // the rehearsal has shown that it cannot be installed here
    busy,                  // another installation was under way for too long
    under_way,             // the node is to end: an installer goes on by itself, and the walk at the next start
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::apply

template <>
struct std::is_error_code_enum<lanyard::apply::Errc> : std::true_type {};
