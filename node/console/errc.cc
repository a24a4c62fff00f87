#include "node/console/errc.h"

#include <array>

#include "proto/outcome/errc_table.h"

namespace lanyard::console {

std::error_code make_error_code(Errc value) noexcept {
    static constexpr auto row = [](Errc code, char const* text, Kind kind) {
        return ErrcRow{static_cast<int>(code), text, kind};
    };
    static constexpr std::array kRows{
        row(Errc::malformed_config, "malformed configuration", Kind::state),
        row(Errc::wrong_usage, "wrong usage", Kind::usage),
        row(Errc::not_joined, "not joined", Kind::state),
        row(Errc::joined_already, "joined already", Kind::conflict),
        row(Errc::unusable_state, "unusable state directory", Kind::state),
        row(Errc::already_running, "already running", Kind::conflict),
        row(Errc::not_running, "not running", Kind::not_found),
        row(Errc::wrong_root_digest, "wrong root digest", Kind::trust),
        row(Errc::unknown_app, "unknown application", Kind::not_found),
        row(Errc::nothing_to_do, "nothing to do", Kind::not_found),
        row(Errc::update_failed, "update failed", Kind::update),
        row(Errc::malformed_message, "malformed message", Kind::internal),
        row(Errc::write_failed, "write failed", Kind::state),
        row(Errc::no_such_file, "no such file", Kind::not_found),
        row(Errc::malformed_facts, "malformed facts", Kind::usage),
    };
    static ErrcTable const table("console", kRows);
    return {static_cast<int>(value), table};
}

}  // namespace lanyard::console
