#include "seeder/ceremony/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::ceremony {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::wrong_usage), "wrong usage", Kind::usage},
    {static_cast<int>(Errc::nothing_to_compare), "nothing to compare with", Kind::trust},
    {static_cast<int>(Errc::not_confirmed), "not confirmed", Kind::usage},
    {static_cast<int>(Errc::no_such_file), "no such file", Kind::not_found},
    {static_cast<int>(Errc::no_passphrase), "no passphrase", Kind::usage},
    {static_cast<int>(Errc::not_anchored), "nothing vouches for it", Kind::usage},
    {static_cast<int>(Errc::other_repository), "another repository", Kind::trust},
    {static_cast<int>(Errc::gone_back), "older than before", Kind::trust},
};

}  // namespace

std::error_code make_error_code(Errc value) noexcept {
    static ErrcTable const table("ceremony", kRows);
    return {static_cast<int>(value), table};
}

}  // namespace lanyard::ceremony
