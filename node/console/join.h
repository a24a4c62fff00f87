#pragma once

#include <string>

#include "manifests/trust/trusted_set.h"
#include "node/check/seeder_client.h"
#include "node/console/config.h"
#include "node/console/options.h"
#include "proto/async/asio.h"

namespace lanyard::console {

// Whom a join line says to believe, and what right to be accepted it gives.
struct JoinTerms {
    release::Digest ca_digest;
    std::string token_secret;  // empty: none
};
Result<JoinTerms> terms_from(Options const& options);

// The configuration that a join line asks for. `id`: of the node's key; `host_name`: when no --name is given.
Result<NodeConfig> config_from(Options const& options, JoinTerms const& terms, std::string const& id,
                               std::string const& host_name);

// The seeder's first root, held against the digest that the operator carried here by hand.
asio::awaitable<Result<std::string>> fetch_first_root(check::MetadataSource& source, NodeConfig const& config,
                                                      trust::TimePoint now);

}  // namespace lanyard::console
