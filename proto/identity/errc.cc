#include "proto/identity/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::identity {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::malformed_key), "malformed key", Kind::state},
    {static_cast<int>(Errc::malformed_certificate), "malformed certificate", Kind::state},
    {static_cast<int>(Errc::malformed_token), "malformed token", Kind::usage},
    {static_cast<int>(Errc::wrong_signature), "wrong signature", Kind::trust},
    {static_cast<int>(Errc::failed), "cryptography failed", Kind::internal},
};

}  // namespace

std::error_code make_error_code(Errc value) noexcept {
    static ErrcTable const table("identity", kRows);
    return {static_cast<int>(value), table};
}

}  // namespace lanyard::identity
