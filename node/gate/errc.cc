#include "node/gate/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::gate {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::malformed_window), "not a time window", Kind::usage},
    {static_cast<int>(Errc::unknown_zone), "the time zone is not known", Kind::state},
    {static_cast<int>(Errc::malformed_time), "not a time", Kind::usage},
    {static_cast<int>(Errc::nothing_waits), "nothing waits to be installed", Kind::not_found},
    {static_cast<int>(Errc::refused), "the policy does not allow it", Kind::conflict},
    {static_cast<int>(Errc::too_long), "longer than the policy allows", Kind::usage},
};

}  // namespace

std::error_code make_error_code(Errc code) noexcept {
    static ErrcTable const table("gate", kRows);
    return {static_cast<int>(code), table};
}

}  // namespace lanyard::gate
