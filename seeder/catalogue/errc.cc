#include "seeder/catalogue/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::catalogue {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::published_already), "published already", Kind::conflict},
    {static_cast<int>(Errc::no_such_release), "no such release", Kind::not_found},
    {static_cast<int>(Errc::withdrawn_already), "withdrawn already", Kind::conflict},
    {static_cast<int>(Errc::damaged_row), "damaged catalogue", Kind::state},
    {static_cast<int>(Errc::not_initialised), "not initialised", Kind::state},
};

}  // namespace

std::error_code make_error_code(Errc value) noexcept {
    static ErrcTable const table("catalogue", kRows);
    return {static_cast<int>(value), table};
}

}  // namespace lanyard::catalogue
