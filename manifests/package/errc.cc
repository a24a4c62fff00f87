#include "manifests/package/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::package {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::unsafe), "the package holds something unsafe", Kind::usage},
    {static_cast<int>(Errc::broken), "the package cannot be read", Kind::usage},
    {static_cast<int>(Errc::not_an_archive), "not an archive", Kind::usage},
    {static_cast<int>(Errc::digest_mismatch), "the package is not the one that was signed", Kind::trust},
    {static_cast<int>(Errc::promise_not_kept), "the package holds something else than was signed", Kind::trust},
    {static_cast<int>(Errc::wrong_content), "the package is not what its type says", Kind::usage},
    {static_cast<int>(Errc::exists), "the destination exists already", Kind::conflict},
    {static_cast<int>(Errc::disk_full), "no space left", Kind::state},
    {static_cast<int>(Errc::unreadable), "a file cannot be read", Kind::state},
    {static_cast<int>(Errc::unwritable), "a file cannot be written", Kind::state},
    {static_cast<int>(Errc::stopped), "stopped", Kind::internal},
};

}  // namespace

std::error_code make_error_code(Errc code) noexcept {
    static ErrcTable const table("package", kRows);
    return {static_cast<int>(code), table};
}

}  // namespace lanyard::package
