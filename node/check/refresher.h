#pragma once

#include "manifests/store/metadata_store.h"
#include "manifests/trust/search.h"
#include "manifests/trust/trusted_set.h"
#include "node/check/seeder_client.h"
#include "proto/async/asio.h"

namespace lanyard::check {

// The input and output around trust::TrustedSet: one refresh of the manifest by the TUF client workflow. Each accepted
// file is stored before the next is asked for, so that an interrupted refresh leaves what was accepted.
class Refresher {
public:
    Refresher(MetadataSource& source, store::MetadataStore& store) : source_(source), store_(store) {}

    // `clock`: what the machine takes for the time. On failure nothing that was trusted is lost; the error names the
    // role and the attack it would have been.
    asio::awaitable<Result<trust::TrustedSet>> refresh(trust::TimePoint clock);

    // A target that the manifest holds, or a role that its path is delegated to: those that are looked into are fetched
    // when they are not stored. `trusted` is what refresh() gave. trust::Errc::no_such_target: there is none. Any other
    // error: a role that had to be looked into could not be had or believed.
    asio::awaitable<Result<release::Target>> find(trust::TrustedSet const& trusted, std::string path);

private:
    Result<trust::TrustedSet> load(trust::TimePoint now);
    asio::awaitable<Result<std::string>> fetch(std::string name, std::size_t max_bytes);
    asio::awaitable<Status> refresh_root(trust::TrustedSet& trusted);
    asio::awaitable<Status> refresh_timestamp(trust::TrustedSet& trusted);
    asio::awaitable<Status> refresh_snapshot(trust::TrustedSet& trusted);
    asio::awaitable<Status> refresh_targets(trust::TrustedSet& trusted);
    asio::awaitable<Status> take_delegated(trust::Search& search);

    // The stored file if the trusted set accepts it, else false.
    Result<bool> take_stored(trust::TrustedSet& trusted, trust::RoleName role);
    Status keep_snapshot(trust::TrustedSet const& trusted, std::string const& envelope);

    MetadataSource& source_;
    store::MetadataStore& store_;
};

}  // namespace lanyard::check
