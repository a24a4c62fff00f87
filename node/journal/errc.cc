#include "node/journal/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::journal {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::under_way), "an attempt is under way already", Kind::conflict},
    {static_cast<int>(Errc::unknown_attempt), "no such attempt is under way", Kind::internal},
    {static_cast<int>(Errc::damaged), "the journal is damaged", Kind::state},
};

}  // namespace

std::error_code make_error_code(Errc code) noexcept {
    static ErrcTable const table("journal", kRows);
    return {static_cast<int>(code), table};
}

}  // namespace lanyard::journal
