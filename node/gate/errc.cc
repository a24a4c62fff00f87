#include "node/gate/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::gate {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::malformed_window), "not a time window", Kind::usage},
    {static_cast<int>(Errc::unknown_zone), "the time zone is not known", Kind::state},
};

}  // namespace

std::error_code make_error_code(Errc code) noexcept {
    static ErrcTable const table("gate", kRows);
    return {static_cast<int>(code), table};
}

}  // namespace lanyard::gate
