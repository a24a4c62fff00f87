#include "node/check/refresher.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "manifests/trust/clock_floor.h"
#include "manifests/trust/errc.h"
#include "node/check/errc.h"
#include "proto/http/errc.h"
#include "proto/http/percent.h"

namespace lanyard::check {

using trust::RoleName;
using trust::TrustedSet;

asio::awaitable<Result<TrustedSet>> Refresher::refresh(trust::TimePoint clock) {
    auto const floor = store_.clock_floor();
    if (!floor) co_return pass_on(floor);
    auto const now = trust::believable_time(clock, *floor);
    if (!now) co_return pass_on(now);
    auto trusted = load(*now);
    if (!trusted) co_return pass_on(trusted);

    auto const root = co_await refresh_root(*trusted);
    if (!root) co_return pass_on(root);
    auto const timestamp = co_await refresh_timestamp(*trusted);
    if (!timestamp) co_return pass_on(timestamp);
    auto const snapshot = co_await refresh_snapshot(*trusted);
    if (!snapshot) co_return pass_on(snapshot);
    auto const targets = co_await refresh_targets(*trusted);
    if (!targets) co_return pass_on(targets);
    if (auto const raised = store_.raise_clock_floor(*now); !raised) co_return pass_on(raised);
    co_return std::move(trusted);
}

asio::awaitable<Result<release::Target>> Refresher::find(TrustedSet const& trusted, std::string path) {
    trust::Search search(trusted, std::move(path));
    while (search.wanted()) {
        auto const taken = co_await take_delegated(search);
        if (!taken) co_return pass_on(taken);
    }
    co_return search.result();
}

// What is stored counts for as much as what is fetched: the search verifies either.
asio::awaitable<Status> Refresher::take_delegated(trust::Search& search) {
    auto const wanted = *search.wanted();
    auto const stored = store_.get_delegated(wanted.name());
    if (!stored) co_return pass_on(stored);
    if (*stored && search.take(**stored)) co_return Status();
    auto const name = fmt::format("{}.{}.pb", wanted.version(), http::percent_encode(wanted.name()));
    auto const limit = std::min<std::size_t>(wanted.length(), trust::kMaxTargetsBytes);
    auto const bytes = co_await fetch(name, limit);
    if (!bytes) co_return pass_on(bytes);
    if (auto const step = search.take(*bytes); !step) co_return step;
    co_return store_.put_delegated(wanted.name(), *bytes);
}

Result<TrustedSet> Refresher::load(trust::TimePoint now) {
    auto const root = store_.newest_root();
    if (!root) return pass_on(root);
    if (!*root) {
        return fail(Errc::not_joined,
                    "this node trusts no seeder yet: run `lanyard-node join` with the line that "
                    "`lanyard-seeder init` printed");
    }
    return TrustedSet::from_trusted_root(**root, now);
}

asio::awaitable<Result<std::string>> Refresher::fetch(std::string name, std::size_t max_bytes) {
    auto bytes = co_await source_.fetch(name, max_bytes);
    if (!bytes && bytes.error().code == http::Errc::too_large) {
        co_return fail(trust::Errc::endless_data,
                       fmt::format("{} is larger than the {} bytes it may have: endless data attack, or not a lanyard "
                                   "repository",
                                   name, max_bytes));
    }
    co_return bytes;
}

asio::awaitable<Status> Refresher::refresh_root(TrustedSet& trusted) {
    for (std::size_t i = 0; i < trust::kMaxRootRotations; ++i) {
        auto const next = trusted.root().version() + 1;
        auto const name = fmt::format("{}.root.pb", next);
        auto const bytes = co_await fetch(name, trust::kMaxRootBytes);
        if (!bytes) {
            if (bytes.error().code == http::Errc::not_found) break;
            co_return pass_on(bytes);
        }
        if (auto const step = trusted.update_root(*bytes); !step) co_return step;
        auto const rotated = trusted.keys_were_rotated();
        if (auto const stored = store_.put_root(next, *bytes, rotated); !stored) co_return stored;
    }
    co_return trusted.finish_root();
}

asio::awaitable<Status> Refresher::refresh_timestamp(TrustedSet& trusted) {
    if (auto const loaded = take_stored(trusted, RoleName::timestamp); !loaded) co_return pass_on(loaded);
    auto const bytes = co_await fetch("timestamp.pb", trust::kMaxTimestampBytes);
    if (!bytes) co_return pass_on(bytes);
    auto const step = trusted.update_timestamp(*bytes);
    if (!step) co_return pass_on(step);
    if (*step == TrustedSet::Fresh::unchanged) co_return Status();
    co_return store_.put(RoleName::timestamp, *bytes);
}

asio::awaitable<Status> Refresher::refresh_snapshot(TrustedSet& trusted) {
    auto const loaded = take_stored(trusted, RoleName::snapshot);
    if (!loaded) co_return pass_on(loaded);
    if (*loaded) co_return Status();
    auto const& wanted = trusted.timestamp()->snapshot();
    auto const name = fmt::format("{}.snapshot.pb", wanted.version());
    auto const limit = std::min<std::size_t>(wanted.length(), trust::kMaxSnapshotBytes);
    auto const bytes = co_await fetch(name, limit);
    if (!bytes) co_return pass_on(bytes);
    if (auto const step = trusted.update_snapshot(*bytes); !step) co_return step;
    co_return keep_snapshot(trusted, *bytes);
}

Status Refresher::keep_snapshot(TrustedSet const& trusted, std::string const& envelope) {
    if (auto const stored = store_.put(RoleName::snapshot, envelope); !stored) return stored;
    // A role that nobody names any more is nothing to keep room for.
    std::set<std::string> named;
    for (auto const& meta : trusted.snapshot()->metas()) named.insert(meta.name());
    return store_.keep_delegated(named);
}

asio::awaitable<Status> Refresher::refresh_targets(TrustedSet& trusted) {
    auto const loaded = take_stored(trusted, RoleName::targets);
    if (!loaded) co_return pass_on(loaded);
    if (*loaded) co_return Status();
    // A snapshot without it is refused.
    auto const* wanted = trusted.named("targets");
    auto const name = fmt::format("{}.targets.pb", wanted->version());
    auto const limit = std::min<std::size_t>(wanted->length(), trust::kMaxTargetsBytes);
    auto const bytes = co_await fetch(name, limit);
    if (!bytes) co_return pass_on(bytes);
    if (auto const step = trusted.update_targets(*bytes); !step) co_return step;
    co_return store_.put(RoleName::targets, *bytes);
}

Result<bool> Refresher::take_stored(TrustedSet& trusted, RoleName role) {
    auto const stored = store_.get(role);
    if (!stored) return pass_on(stored);
    if (!*stored) return false;
    if (role == RoleName::timestamp) return trusted.load_trusted_timestamp(**stored).has_value();
    if (role == RoleName::snapshot) {
        // It may be the rollback reference of an older timestamp, or the very snapshot the timestamp asks for.
        if (!trusted.load_trusted_snapshot(**stored)) return false;
        return trusted.update_snapshot(**stored).has_value();
    }
    return trusted.update_targets(**stored).has_value();
}

}  // namespace lanyard::check
