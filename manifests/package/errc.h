#pragma once

#include <system_error>

namespace lanyard::package {

enum class Errc {
    unsafe = 1,        // the archive or directory holds something that the unpack policy refuses
    broken,            // the archive cannot be read: cut off, damaged, trailing data, more than a decoder may use
    not_an_archive,    // none of the formats
    digest_mismatch,   // not the bytes that the signed target names
    promise_not_kept,  // unpacks to more or less than the signed target says
    wrong_content,     // something else than its type says
    exists,            // the destination exists already
    disk_full,
    unreadable,  // a file cannot be read
    unwritable,  // a file cannot be made or written
    stopped,     // OnProgress asked to stop
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::package

template <>
struct std::is_error_code_enum<lanyard::package::Errc> : std::true_type {};
