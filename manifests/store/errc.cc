#include "manifests/store/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::store {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::full), "no space left for the database", Kind::state},
    {static_cast<int>(Errc::busy), "the database is held by another process", Kind::conflict},
    {static_cast<int>(Errc::damaged), "the database is damaged", Kind::state},
    {static_cast<int>(Errc::newer_program), "the database was written by a newer program", Kind::state},
    {static_cast<int>(Errc::unwritable), "the database cannot be opened or written", Kind::state},
    {static_cast<int>(Errc::failed), "the database refused an operation", Kind::internal},
};

}  // namespace

std::error_code make_error_code(Errc code) noexcept {
    static ErrcTable const table("store", kRows);
    return {static_cast<int>(code), table};
}

}  // namespace lanyard::store
