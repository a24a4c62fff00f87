#pragma once

#include <system_error>

namespace lanyard::ceremony {

enum class Errc {
    wrong_usage = 1,
    nothing_to_compare,
    not_confirmed,
    no_such_file,
    no_passphrase,
    not_anchored,  // nothing says which repository it is
    other_repository,
    gone_back,  // what is called published is older than what was seen before
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::ceremony

template <>
struct std::is_error_code_enum<lanyard::ceremony::Errc> : std::true_type {};
