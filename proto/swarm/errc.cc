#include "proto/swarm/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::swarm {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::malformed_torrent), "malformed torrent", Kind::trust},
    {static_cast<int>(Errc::unacceptable_torrent), "unacceptable torrent", Kind::trust},
    {static_cast<int>(Errc::unreadable_file), "unreadable file", Kind::state},
    {static_cast<int>(Errc::disk_full), "disk full", Kind::state},
    {static_cast<int>(Errc::disk_failure), "disk failure", Kind::state},
    {static_cast<int>(Errc::listen_failed), "cannot listen for peers", Kind::conflict},
    {static_cast<int>(Errc::removed), "taken out of the swarm", Kind::conflict},
    {static_cast<int>(Errc::unknown_torrent), "unknown torrent", Kind::not_found},
    {static_cast<int>(Errc::bad_setting), "wrong setting", Kind::usage},
    {static_cast<int>(Errc::stopped), "stopped", Kind::internal},
};

}  // namespace

std::error_code make_error_code(Errc code) noexcept {
    static ErrcTable const category("swarm", kRows);
    return {static_cast<int>(code), category};
}

}  // namespace lanyard::swarm
