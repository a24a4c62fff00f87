#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "manifests/trust/errc.h"
#include "manifests/trust/trusted_set.h"
#include "tests/support/repository_simulator.h"

namespace lanyard::trust {

using std::chrono::days;
using std::chrono::seconds;
using support::RepositorySimulator;

inline constexpr TimePoint kNow{seconds(1'767'225'600)};  // 2026-01-01T00:00:00Z

inline std::int64_t unix_seconds(TimePoint time) { return time.time_since_epoch().count(); }

inline Result<TrustedSet> anchored(RepositorySimulator const& repo, TimePoint now = kNow) {
    return TrustedSet::from_trusted_root(repo.file("1.root.pb").value(), now);
}

// A client that knows root 1, has walked to the newest root and has ended the root step.
inline TrustedSet at_root(RepositorySimulator const& repo, TimePoint now = kNow) {
    auto set = anchored(repo, now).value();
    while (auto const next = repo.file(std::to_string(set.root().version() + 1) + ".root.pb")) {
        if (auto const step = set.update_root(*next); !step) throw std::runtime_error(step.error().detail);
    }
    if (auto const step = set.finish_root(); !step) throw std::runtime_error(step.error().detail);
    return set;
}

inline Status update(TrustedSet& set, RoleName role, std::string_view bytes) {
    switch (role) {
        case RoleName::root:
            return set.update_root(bytes);
        case RoleName::timestamp:
            return set.update_timestamp(bytes).map([](auto) {});
        case RoleName::snapshot:
            return set.update_snapshot(bytes);
        case RoleName::targets:
            break;
    }
    return set.update_targets(bytes);
}

// Takes the newest files up to and including `last`.
inline Status walk(TrustedSet& set, RepositorySimulator const& repo, RoleName last) {
    for (auto const role : {RoleName::timestamp, RoleName::snapshot, RoleName::targets}) {
        if (auto const step = update(set, role, repo.newest(role)); !step) return step;
        if (role == last) break;
    }
    return {};
}

// Refused for that reason, in one line that names the role.
template <class T>
void expect_refused(Result<T> const& result, Errc why, std::string_view role) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, why) << result.error().detail;
    EXPECT_NE(result.error().detail.find(role), std::string::npos) << result.error().detail;
    EXPECT_EQ(result.error().detail.find('\n'), std::string::npos) << result.error().detail;
}

}  // namespace lanyard::trust
