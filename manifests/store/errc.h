#pragma once

#include <system_error>

namespace lanyard::store {

enum class Errc {
    full = 1,       // no space left
    busy,           // another process held the database for longer than the busy timeout
    damaged,        // not a database, not ours, or it fails its own checks
    newer_program,  // written by a newer program than this one
    unwritable,     // cannot be opened, created or written
    failed,         // anything else, such as a constraint that does not hold
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::store

template <>
struct std::is_error_code_enum<lanyard::store::Errc> : std::true_type {};
