#include "node/probe/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::probe {
namespace {

constexpr ErrcRow kRows[] = {
    {static_cast<int>(Errc::unhealthy), "the release is not healthy", Kind::update},
    {static_cast<int>(Errc::port_closed), "a declared port is closed", Kind::update},
    {static_cast<int>(Errc::no_answer), "the health check failed", Kind::update},
    {static_cast<int>(Errc::given_up), "the probe was given up", Kind::update},
    {static_cast<int>(Errc::called_off), "the probe was called off", Kind::update},
};

}  // namespace

std::error_code make_error_code(Errc code) noexcept {
    static ErrcTable const table("probe", kRows);
    return {static_cast<int>(code), table};
}

}  // namespace lanyard::probe
