#include "node/enrol/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::enrol {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::unusable_key), "unusable key", Kind::state},
    {static_cast<int>(Errc::refused), "refused", Kind::trust},
    {static_cast<int>(Errc::malformed_answer), "malformed answer", Kind::network},
    {static_cast<int>(Errc::pending), "not accepted yet", Kind::conflict},
};

}  // namespace

std::error_code make_error_code(Errc value) noexcept {
    static ErrcTable const table("enrol", kRows);
    return {static_cast<int>(value), table};
}

}  // namespace lanyard::enrol
