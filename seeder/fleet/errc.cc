#include "seeder/fleet/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::fleet {

std::error_code make_error_code(Errc errc) noexcept {
    static constexpr ErrcRow kRows[] = {
        {static_cast<int>(Errc::malformed), "malformed message of a node", Kind::usage},
        {static_cast<int>(Errc::too_many_nodes), "too many nodes", Kind::conflict},
    };
    static ErrcTable const table("fleet", kRows);
    return {static_cast<int>(errc), table};
}

}  // namespace lanyard::fleet
