#include "seeder/console/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::console {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::wrong_usage), "wrong usage", Kind::usage},
    {static_cast<int>(Errc::malformed_config), "malformed seeder.toml", Kind::state},
    {static_cast<int>(Errc::not_initialised), "not initialised", Kind::state},
    {static_cast<int>(Errc::initialised_already), "initialised already", Kind::conflict},
    {static_cast<int>(Errc::serving_already), "serving already", Kind::conflict},
    {static_cast<int>(Errc::no_such_release), "no such release", Kind::not_found},
    {static_cast<int>(Errc::wrong_key), "wrong key", Kind::state},
    {static_cast<int>(Errc::no_such_file), "no such file", Kind::not_found},
    {static_cast<int>(Errc::release_not_believed), "release not believed", Kind::trust},
    {static_cast<int>(Errc::busy), "busy", Kind::conflict},
};

}  // namespace

std::error_code make_error_code(Errc value) noexcept {
    static ErrcTable const table("console", kRows);
    return {static_cast<int>(value), table};
}

}  // namespace lanyard::console
