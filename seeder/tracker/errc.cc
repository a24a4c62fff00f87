#include "seeder/tracker/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::tracker {

std::error_code make_error_code(Errc errc) noexcept {
    static constexpr ErrcRow kRows[] = {
        {static_cast<int>(Errc::malformed_announce), "malformed announce", Kind::usage},
        {static_cast<int>(Errc::unknown_info_hash), "unknown info-hash", Kind::not_found},
    };
    static ErrcTable const table("tracker", kRows);
    return {static_cast<int>(errc), table};
}

}  // namespace lanyard::tracker
