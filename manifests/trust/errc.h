#pragma once

#include <system_error>

namespace lanyard::trust {

// What a refused file would have been, were it an attack (TUF 1.0.34, section 1.5.2).
enum class Errc {
    arbitrary_software = 1,  // too few valid signatures
    clock_set_back,          // the clock of this machine shows a time that has long passed
    endless_data,            // larger than allowed
    freeze,                  // expired
    malformed,               // signed perhaps, but not what a payload must be
    mix_and_match,           // not the file that the role above names
    rollback,                // older than what is trusted already
    unknown_field,           // has a critical field this program does not know
    unsupported_spec,
    version_gap,  // a root that does not follow the trusted one
    wrong_repository,
    wrong_role,  // the payload of another role

    no_such_target,
    out_of_order,  // a bug of the caller
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::trust

template <>
struct std::is_error_code_enum<lanyard::trust::Errc> : std::true_type {};
