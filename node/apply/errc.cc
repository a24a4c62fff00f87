#include "node/apply/errc.h"

#include <array>

#include "proto/outcome/errc_table.h"

namespace lanyard::apply {

std::error_code make_error_code(Errc value) noexcept {
    static constexpr std::array<ErrcRow, 7> kRows{{
        {static_cast<int>(Errc::unusable_home), "unusable application directory", Kind::state},
        {static_cast<int>(Errc::foreign_current), "'current' is not ours", Kind::conflict},
        {static_cast<int>(Errc::missing_release), "release missing on disk", Kind::state},
        {static_cast<int>(Errc::refused_by_installer), "the installer failed", Kind::update},
        {static_cast<int>(Errc::not_for_this_machine), "the package cannot be installed here", Kind::update},
        {static_cast<int>(Errc::busy), "another installation is under way", Kind::conflict},
        {static_cast<int>(Errc::under_way), "an installer is at work still", Kind::update},
    }};
    static ErrcTable const table("apply", kRows);
    return {static_cast<int>(value), table};
}

}  // namespace lanyard::apply
