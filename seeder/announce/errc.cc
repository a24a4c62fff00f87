#include "seeder/announce/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::announce {

std::error_code make_error_code(Errc errc) noexcept {
    static constexpr ErrcRow kRows[] = {
        {static_cast<int>(Errc::overloaded), "seeder overloaded", Kind::network},
        {static_cast<int>(Errc::no_certificate), "no certificate", Kind::trust},
        {static_cast<int>(Errc::not_admitted), "not admitted", Kind::trust},
    };
    static ErrcTable const table("announce", kRows);
    return {static_cast<int>(errc), table};
}

}  // namespace lanyard::announce
