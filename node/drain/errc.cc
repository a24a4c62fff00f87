#include "node/drain/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::drain {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::cannot_run), "a command cannot be run", Kind::update},
    {static_cast<int>(Errc::command_failed), "a command of the application failed", Kind::update},
    {static_cast<int>(Errc::timed_out), "a command of the application took too long", Kind::update},
    {static_cast<int>(Errc::still_listening), "a port of the application is still open", Kind::update},
    {static_cast<int>(Errc::ports_unknown), "the open ports of this machine are not known", Kind::internal},
    {static_cast<int>(Errc::not_now), "the application does not want to be stopped now", Kind::update},
    {static_cast<int>(Errc::cannot_hold), "a listening socket cannot be held", Kind::update},
    {static_cast<int>(Errc::token_refused), "the new release does not take over the work of the old one", Kind::update},
};

}  // namespace

std::error_code make_error_code(Errc code) noexcept {
    static ErrcTable const table("drain", kRows);
    return {static_cast<int>(code), table};
}

}  // namespace lanyard::drain
