#pragma once

#include <stdexcept>
#include <string>

#include "proto/http/message.h"
#include "proto/identity/key.h"
#include "seeder/announce/admission.h"
#include "seeder/announce/errc.h"
#include "seeder/authority/certificates.h"

namespace lanyard::support {

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().detail);
    return std::move(*result);
}

inline constexpr std::chrono::sys_seconds kFleetNow{std::chrono::seconds(1'800'000'000)};

// A fleet CA in memory, and what servers and clients need of it. TLS looks at the clock of the machine, so its
// certificates hold from `now` on.
class TestFleet {
public:
    explicit TestFleet(
        std::chrono::sys_seconds now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()))
        : now_(now), ca(made(now)) {}

private:
    std::chrono::sys_seconds now_;

    static authority::CertificateAuthority made(std::chrono::sys_seconds now) {
        auto key = must(identity::Key::generate());
        auto pem = must(authority::CertificateAuthority::self_sign(key, "test fleet CA", now));
        return must(authority::CertificateAuthority::load(std::move(key), std::move(pem), "the test CA"));
    }

public:
    authority::CertificateAuthority ca;

    http::ServerTls server(std::string const& host = "127.0.0.1") const {
        auto const key = must(identity::Key::generate());
        auto const own = must(ca.certify_server({host}, key.public_key(), now_));
        return {own + ca.certificate_pem(), must(key.to_pem()), ca.certificate_pem()};
    }

    // Trusts the CA and shows nothing.
    http::ClientTls stranger() const {
        http::ClientTls tls;
        tls.ca_pem = ca.certificate_pem();
        return tls;
    }
    // Shows the certificate of the node that has this key.
    http::ClientTls node(identity::Key const& key) const {
        auto tls = stranger();
        tls.private_key_pem = must(key.to_pem());
        tls.certificate_pem = must(ca.certify_node(identity::node_id_of(key.public_key()), key.public_key(), now_));
        return tls;
    }
};

// Lets everybody in but those whom a test has put out.
class OpenDoor final : public announce::Admission {
public:
    std::string locked_out = "nobody";  // the id of a node
    bool genuine = true;                // signatures are

    Status admit(http::Caller const&, std::string_view node_id) override {
        if (node_id != locked_out) return {};
        return fail(announce::Errc::not_admitted, "this node was revoked");
    }
    Status signed_by(std::string_view, std::string_view, std::string_view) override {
        if (genuine) return {};
        return fail(announce::Errc::not_admitted, "forged");
    }
    asio::awaitable<Result<v1::EnrollResponse>> enroll(v1::SignedEnrollRequest, std::string) override {
        v1::EnrollResponse response;
        response.set_state(v1::ENROLL_STATE_PENDING);
        co_return response;
    }
};

}  // namespace lanyard::support
