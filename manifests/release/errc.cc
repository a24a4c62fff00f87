#include "manifests/release/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::release {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::malformed_digest), "malformed digest", Kind::usage},
    {static_cast<int>(Errc::malformed_version), "malformed version", Kind::usage},
    {static_cast<int>(Errc::malformed_name), "malformed name", Kind::usage},
    {static_cast<int>(Errc::unknown_platform), "unknown platform", Kind::usage},
    {static_cast<int>(Errc::malformed_target), "malformed target", Kind::usage},
    {static_cast<int>(Errc::unknown_package_type), "unknown package type", Kind::usage},
};

}  // namespace

std::error_code make_error_code(Errc value) noexcept {
    static ErrcTable const table("release", kRows);
    return {static_cast<int>(value), table};
}

}  // namespace lanyard::release
