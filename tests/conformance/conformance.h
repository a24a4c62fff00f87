#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/simulated_node.h"

namespace lanyard {

// The cases of tuf-conformance (github.com/theupdateframework/tuf-conformance, 2026-08-17), by their names: what stands
// in brackets there stands between underscores here. They run against what a node runs: Refresher, TrustedSet, Search
// and MetadataStore. Roles are named as there; file names, payloads and target paths are ours.
class conformance : public testing::Test {
public:
    static constexpr trust::TimePoint kNow{std::chrono::seconds(1'800'000'000)};
    using Requests = std::vector<std::string>;
    using Roles = std::vector<std::pair<std::string, std::uint64_t>>;

    conformance();

    // A new version of each role, signed by its keys, and named by the role above as it stands there.
    void publish(std::vector<std::string> const& roles);
    // With a version in the payload that is not the one in its file's name.
    void publish_misnamed(std::string const& role);
    void add_to_snapshot(v1::MetaRef const& meta);
    // The timestamp is made anew, in the same version, for the snapshot that is served.
    void point_timestamp_at_snapshot();
    // One key more for a top-level role. Takes effect when root is published.
    void add_key(trust::RoleName role);
    void set_threshold(trust::RoleName role, std::uint32_t threshold);
    // Changes the envelope of a served file, not its payload.
    template <class Change>
    void change_envelope(std::string const& file, Change change) {
        v1::Envelope envelope;
        ASSERT_TRUE(envelope.ParseFromString(repo.file(file).value()));
        change(envelope);
        repo.put_file(file, envelope.SerializeAsString());
    }

    // The node is told to trust root 1 as it is served now.
    void init_client() { client.anchor(repo.file("1.root.pb").value()); }
    bool refresh(std::chrono::days in_future = {});
    // Refreshes and finds; `refused` says why not.
    bool find(std::string const& path);
    std::uint64_t version(std::string const& role);  // 0: none is trusted
    Roles trusted_roles();                           // sorted by name, delegated ones too
    Requests const& requests() const { return client.source.asked; }
    std::string last_request() const { return requests().empty() ? "" : requests().back(); }
    void expect_stored_as_served();

    support::RepositorySimulator repo{kNow};
    support::SimulatedNode client{repo};
    Error refused{std::error_code(), ""};
};

trust::RoleName role_named(std::string_view name);

}  // namespace lanyard
