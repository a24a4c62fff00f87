#include "manifests/signing/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::signing {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::key_exists), "key file exists already", Kind::conflict},
    {static_cast<int>(Errc::no_key_file), "no such key file", Kind::state},
    {static_cast<int>(Errc::key_exposed), "key file open to others", Kind::state},
    {static_cast<int>(Errc::malformed_key), "malformed key file", Kind::state},
    {static_cast<int>(Errc::no_signature), "cannot sign so", Kind::internal},
    {static_cast<int>(Errc::failed), "signing failed", Kind::internal},
    {static_cast<int>(Errc::wrong_passphrase), "wrong passphrase", Kind::usage},
    {static_cast<int>(Errc::malformed_request), "malformed signing request", Kind::usage},
    {static_cast<int>(Errc::other_request), "another signing request", Kind::usage},
    {static_cast<int>(Errc::no_say), "a key without a say", Kind::usage},
    {static_cast<int>(Errc::bad_signature), "bad signature", Kind::trust},
};

}  // namespace

std::error_code make_error_code(Errc value) noexcept {
    static ErrcTable const table("signing", kRows);
    return {static_cast<int>(value), table};
}

}  // namespace lanyard::signing
