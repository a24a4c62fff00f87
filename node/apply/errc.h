#pragma once

#include <system_error>

namespace lanyard::apply {

enum class Errc {
    unusable_home = 1,  // the application's directory cannot be read or written
    foreign_current,    // `current` is not ours: not a link into versions/
    missing_release,    // a release that must be there is not
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::apply

template <>
struct std::is_error_code_enum<lanyard::apply::Errc> : std::true_type {};
