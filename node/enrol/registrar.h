#pragma once

#include <optional>
#include <string>

#include "node/enrol/passport.h"
#include "proto/async/asio.h"
#include "proto/http/client.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/enroll.pb.h"

namespace lanyard::enrol {

// Where a node asks for its certificate.
class Registrar {
public:
    virtual ~Registrar() = default;
    // Fails with refused (for good, unless an operator changes it), or with a code of Kind::network: later, perhaps.
    virtual asio::awaitable<Result<v1::EnrollResponse>> ask(v1::SignedEnrollRequest request) = 0;
    virtual void cancel() = 0;
};

// The seeder, over TLS without a certificate of the node's own: one that has expired would only be in the way.
class SeederRegistrar final : public Registrar {
public:
    // `ca_sha256`: 32 raw bytes. `local_address`: see http::Client.
    SeederRegistrar(asio::io_context& io, http::Url const& seeder, std::string const& ca_sha256,
                    std::optional<std::string> const& local_address = std::nullopt);

    asio::awaitable<Result<v1::EnrollResponse>> ask(v1::SignedEnrollRequest request) override;
    void cancel() override { http_.cancel(); }

private:
    http::Client http_;
};

// What a node with this passport asks. `token_secret`: empty when it has none.
Result<v1::SignedEnrollRequest> request_of(Passport const& passport, std::string const& node_name,
                                           std::string const& token_secret);

}  // namespace lanyard::enrol
