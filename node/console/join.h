#pragma once

#include <string>

#include "manifests/trust/trusted_set.h"
#include "node/check/seeder_client.h"
#include "node/console/config.h"
#include "node/console/options.h"
#include "proto/async/asio.h"

namespace lanyard::console {

// The configuration that a join line asks for. `id`: 32 hex digits, fresh; `host_name`: when no --name is given.
Result<NodeConfig> config_from(Options const& options, std::string const& id, std::string const& host_name);

// The seeder's first root, held against the digest that the operator carried here by hand.
asio::awaitable<Result<std::string>> fetch_first_root(check::MetadataSource& source, NodeConfig const& config,
                                                      trust::TimePoint now);

}  // namespace lanyard::console
