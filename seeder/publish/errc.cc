#include "seeder/publish/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::publish {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::initialised_already), "initialised already", Kind::conflict},
    {static_cast<int>(Errc::not_initialised), "not initialised", Kind::state},
    {static_cast<int>(Errc::damaged_manifest), "damaged manifest", Kind::state},
    {static_cast<int>(Errc::missing_key), "missing key", Kind::state},
    {static_cast<int>(Errc::too_large), "manifest too large", Kind::usage},
    {static_cast<int>(Errc::wrong_clock), "wrong clock", Kind::state},
    {static_cast<int>(Errc::newer_picture), "public/metadata is newer", Kind::state},
    {static_cast<int>(Errc::used_up), "no version is left", Kind::state},
    {static_cast<int>(Errc::unsound_keys), "keys that cannot sign", Kind::usage},
    {static_cast<int>(Errc::no_such_key), "no such key", Kind::not_found},
    {static_cast<int>(Errc::overtaken), "overtaken", Kind::conflict},
    {static_cast<int>(Errc::needs_signatures), "signatures are missing", Kind::state},
    {static_cast<int>(Errc::no_such_role), "no such role", Kind::not_found},
    {static_cast<int>(Errc::bad_role), "no good role", Kind::usage},
    {static_cast<int>(Errc::role_in_use), "the role is in use", Kind::conflict},
    {static_cast<int>(Errc::other_repository), "another repository", Kind::usage},
};

}  // namespace

std::error_code make_error_code(Errc value) noexcept {
    static ErrcTable const table("publish", kRows);
    return {static_cast<int>(value), table};
}

}  // namespace lanyard::publish
