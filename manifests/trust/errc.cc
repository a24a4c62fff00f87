#include "manifests/trust/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::trust {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::arbitrary_software), "not signed as it must be (arbitrary software)", Kind::trust},
    {static_cast<int>(Errc::clock_set_back), "the clock was set back (freeze)", Kind::trust},
    {static_cast<int>(Errc::endless_data), "larger than allowed (endless data)", Kind::trust},
    {static_cast<int>(Errc::freeze), "expired (freeze)", Kind::trust},
    {static_cast<int>(Errc::malformed), "malformed metadata", Kind::trust},
    {static_cast<int>(Errc::mix_and_match), "not the file that was named (mix-and-match)", Kind::trust},
    {static_cast<int>(Errc::rollback), "older than what is trusted (rollback)", Kind::trust},
    {static_cast<int>(Errc::unknown_field), "unknown critical field", Kind::trust},
    {static_cast<int>(Errc::unsupported_spec), "unsupported version of the specification", Kind::trust},
    {static_cast<int>(Errc::version_gap), "not the next root", Kind::trust},
    {static_cast<int>(Errc::wrong_repository), "of another repository", Kind::trust},
    {static_cast<int>(Errc::wrong_role), "of another role", Kind::trust},
    {static_cast<int>(Errc::no_such_target), "no such target", Kind::not_found},
    {static_cast<int>(Errc::out_of_order), "step out of order", Kind::internal},
};

}  // namespace

std::error_code make_error_code(Errc value) noexcept {
    static ErrcTable const table("trust", kRows);
    return {static_cast<int>(value), table};
}

}  // namespace lanyard::trust
