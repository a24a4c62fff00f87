#include "seeder/intake/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::intake {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::no_such_path), "no such file", Kind::not_found},
    {static_cast<int>(Errc::unreadable), "unreadable file", Kind::usage},
    {static_cast<int>(Errc::unfit), "unfit as a package", Kind::usage},
    {static_cast<int>(Errc::empty), "empty", Kind::usage},
    {static_cast<int>(Errc::lost_torrent), "lost torrent", Kind::state},
    {static_cast<int>(Errc::stopped), "stopped", Kind::network},
};

}  // namespace

std::error_code make_error_code(Errc value) noexcept {
    static ErrcTable const table("intake", kRows);
    return {static_cast<int>(value), table};
}

}  // namespace lanyard::intake
