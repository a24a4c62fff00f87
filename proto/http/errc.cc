#include "proto/http/errc.h"

#include "proto/outcome/errc_table.h"

namespace lanyard::http {

std::error_code make_error_code(Errc errc) noexcept {
    static constexpr ErrcRow kRows[] = {
        {static_cast<int>(Errc::malformed_url), "malformed URL", Kind::usage},
        {static_cast<int>(Errc::unreachable), "server unreachable", Kind::network},
        {static_cast<int>(Errc::timed_out), "no answer in time", Kind::network},
        {static_cast<int>(Errc::too_large), "answer too large", Kind::network},
        {static_cast<int>(Errc::refused), "request refused", Kind::network},
        {static_cast<int>(Errc::not_found), "not found on the server", Kind::not_found},
        {static_cast<int>(Errc::busy), "server busy", Kind::network},
        {static_cast<int>(Errc::malformed_answer), "malformed answer", Kind::network},
        {static_cast<int>(Errc::address_in_use), "address in use", Kind::conflict},
        {static_cast<int>(Errc::unusable_address), "unusable listening address", Kind::usage},
        {static_cast<int>(Errc::malformed_network), "malformed network", Kind::usage},
        {static_cast<int>(Errc::unusable_certificate), "unusable certificate or key", Kind::state},
        {static_cast<int>(Errc::unknown_ca), "certificate of an unknown CA", Kind::trust},
        {static_cast<int>(Errc::wrong_name), "certificate for another name", Kind::trust},
        {static_cast<int>(Errc::certificate_expired), "certificate not valid now", Kind::trust},
        {static_cast<int>(Errc::not_tls), "no TLS 1.3", Kind::trust},
        {static_cast<int>(Errc::certificate_refused), "own certificate refused", Kind::trust},
        {static_cast<int>(Errc::tampered), "connection tampered with", Kind::trust},
        {static_cast<int>(Errc::no_answer), "no answer", Kind::network},
    };
    static ErrcTable const table("http", kRows);
    return {static_cast<int>(errc), table};
}

}  // namespace lanyard::http
