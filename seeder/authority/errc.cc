#include "seeder/authority/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::authority {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::malformed), "malformed", Kind::usage},
    {static_cast<int>(Errc::refused), "refused", Kind::trust},
    {static_cast<int>(Errc::too_many), "too many", Kind::conflict},
    {static_cast<int>(Errc::unknown), "unknown", Kind::not_found},
    {static_cast<int>(Errc::ambiguous), "ambiguous", Kind::usage},
    {static_cast<int>(Errc::exists_already), "exists already", Kind::conflict},
    {static_cast<int>(Errc::unusable_ca), "unusable fleet CA", Kind::state},
    {static_cast<int>(Errc::failed), "cryptography failed", Kind::internal},
};

}  // namespace

std::error_code make_error_code(Errc value) noexcept {
    static ErrcTable const table("authority", kRows);
    return {static_cast<int>(value), table};
}

}  // namespace lanyard::authority
