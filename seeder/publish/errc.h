#pragma once

#include <system_error>

namespace lanyard::publish {

enum class Errc {
    initialised_already = 1,
    not_initialised,
    damaged_manifest,  // the stored metadata is not what this room once wrote
    missing_key,
    too_large,
    wrong_clock,    // earlier than what was signed before
    newer_picture,  // nodes have seen more than the database knows
    used_up,        // no version is left
    unsound_keys,   // a role that nobody could sign for, or with one key twice
    no_such_key,
    overtaken,  // a request for a manifest that has changed since
    needs_signatures,
    no_such_role,
    bad_role,
    role_in_use,
    other_repository,
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::publish

template <>
struct std::is_error_code_enum<lanyard::publish::Errc> : std::true_type {};
