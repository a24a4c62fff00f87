#include "node/check/errc.h"

#include <array>

#include "proto/outcome/errc_table.h"

namespace lanyard::check {

std::error_code make_error_code(Errc value) noexcept {
    static constexpr std::array<ErrcRow, 5> kRows{{
        {static_cast<int>(Errc::malformed_answer), "malformed answer from the seeder", Kind::network},
        {static_cast<int>(Errc::not_joined), "not joined", Kind::state},
        {static_cast<int>(Errc::broken_off), "verification broken off", Kind::trust},
        {static_cast<int>(Errc::not_admitted), "not admitted", Kind::conflict},
        {static_cast<int>(Errc::held_back), "held back", Kind::trust},
    }};
    static ErrcTable const table("check", kRows);
    return {static_cast<int>(value), table};
}

}  // namespace lanyard::check
