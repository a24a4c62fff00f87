#include "node/fetch/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::fetch {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::stopped), "stopped", Kind::conflict},
    {static_cast<int>(Errc::torrent_refused), "torrent refused", Kind::trust},
    {static_cast<int>(Errc::digest_mismatch), "not the signed package", Kind::trust},
    {static_cast<int>(Errc::disk_full), "disk full", Kind::state},
    {static_cast<int>(Errc::unusable_directory), "unusable directory", Kind::state},
};

}  // namespace

std::error_code make_error_code(Errc code) noexcept {
    static ErrcTable const table("fetch", kRows);
    return {static_cast<int>(code), table};
}

}  // namespace lanyard::fetch
