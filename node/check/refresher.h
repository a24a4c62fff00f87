#pragma once

#include "manifests/store/metadata_store.h"
#include "manifests/trust/trusted_set.h"
#include "node/check/seeder_client.h"
#include "proto/async/asio.h"

namespace lanyard::check {

// The input and output around trust::TrustedSet: one refresh of the manifest by the TUF client workflow. Each accepted
// file is stored before the next is asked for, so that an interrupted refresh leaves what was accepted.
class Refresher {
public:
    Refresher(MetadataSource& source, store::MetadataStore& store) : source_(source), store_(store) {}

    // On failure nothing that was trusted is lost; the error names the role and the attack it would have been.
    asio::awaitable<Result<trust::TrustedSet>> refresh(trust::TimePoint now);

private:
    Result<trust::TrustedSet> load(trust::TimePoint now);
    asio::awaitable<Result<std::string>> fetch(std::string name, std::size_t max_bytes);
    asio::awaitable<Status> refresh_root(trust::TrustedSet& trusted);
    asio::awaitable<Status> refresh_timestamp(trust::TrustedSet& trusted);
    asio::awaitable<Status> refresh_snapshot(trust::TrustedSet& trusted);
    asio::awaitable<Status> refresh_targets(trust::TrustedSet& trusted);

    // The stored file if the trusted set accepts it, else false.
    Result<bool> take_stored(trust::TrustedSet& trusted, trust::RoleName role);

    MetadataSource& source_;
    store::MetadataStore& store_;
};

}  // namespace lanyard::check
