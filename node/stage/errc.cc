#include "node/stage/errc.h"

#include <array>

#include "proto/outcome/errc_table.h"

namespace lanyard::stage {

std::error_code make_error_code(Errc value) noexcept {
    static constexpr std::array<ErrcRow, 2> kRows{{
        {static_cast<int>(Errc::disk_full), "no space for the release", Kind::state},
        {static_cast<int>(Errc::unusable_home), "unusable application directory", Kind::state},
    }};
    static ErrcTable const table("stage", kRows);
    return {static_cast<int>(value), table};
}

}  // namespace lanyard::stage
