#pragma once

#include <system_error>

namespace lanyard {

// What sort of failure an error is, over all rooms. The value is the exit code of both programs, so values are only
// ever appended (docs/reference/exit-codes.md).
enum class Kind {
    internal = 1,   // a bug or an unforeseen condition
    usage = 2,      // the command line or an input is wrong
    not_found = 3,  // what was named does not exist
    conflict = 4,   // it exists already, or somebody else holds it
    state = 5,      // the state directory cannot be used: not initialised, unwritable, full, damaged
    network = 6,    // the other side cannot be reached, or does not answer in time
    trust = 7,      // a signature, digest, version or expiry does not hold
    update = 8,     // the update ended without the new release running
};

std::error_condition make_error_condition(Kind) noexcept;

// The Kind of any code. Codes of other categories (errno, Asio) are mapped where the meaning is plain, else `internal`.
Kind kind_of(std::error_code const& code) noexcept;

}  // namespace lanyard

template <>
struct std::is_error_condition_enum<lanyard::Kind> : std::true_type {};
