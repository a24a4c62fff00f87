#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifests/release/digest.h"
#include "manifests/signing/signer.h"
#include "manifests/trust/envelope.h"
#include "manifests/trust/trusted_set.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::support {

// What a target is of. Everything else of make_target() is made up, and passes release::Target::from_proto().
struct TargetSpec {
    std::string app = "prometheus";
    std::string version = "1.0.0";
    std::string channel = "stable";
    std::string platform = "linux/amd64";
    std::uint64_t release_counter = 1;
    std::uint64_t length = 1'000'000;
    release::Digest sha256 = trust::sha256("a package");
};
v1::Target make_target(TargetSpec const& spec);

// A repository in memory: what a seeder would serve, and what an attacker could make of it. Payloads are public and may
// be changed at will before a publish_*() or seal(). Failures throw.
class RepositorySimulator {
public:
    using Key = std::shared_ptr<signing::Signer const>;
    using Keys = std::vector<Key>;

    // Version 1 of everything is published: one key a role, no targets. Root is good for a year after `now`, targets
    // for 90 days, snapshot for 7, timestamp for 1.
    explicit RepositorySimulator(trust::TimePoint now);

    v1::Root root;
    v1::Timestamp timestamp;
    v1::Snapshot snapshot;
    v1::Targets targets;

    // One version up, signed by keys(role), and served. Snapshot and timestamp refer to the newest file of the role
    // below. A root is signed by the root keys of the one before, too.
    void publish_root();
    void publish_targets();
    void publish_snapshot();
    void publish_timestamp();
    // Targets, snapshot and timestamp.
    void publish();

    // Signs the payload as it stands and serves it, in place of one of the same version if there is one. A role below
    // is not looked at: references stay what they are.
    void seal(trust::RoleName role);

    // Keys that sign and that the next root names. Takes effect with publish_root().
    Keys const& keys(trust::RoleName role) const { return keys_[index(role)]; }
    void set_keys(trust::RoleName role, Keys keys, std::uint32_t threshold);
    // As many fresh keys as there were, same threshold.
    void rotate_keys(trust::RoleName role);
    static Keys fresh_keys(std::size_t count);

    std::string payload(trust::RoleName role) const;  // as it stands, serialised
    static std::string sign(trust::RoleName role, std::string const& payload, Keys const& keys);

    // What a seeder answers to GET /metadata/<name>: "timestamp.pb", "N.root.pb", "N.snapshot.pb", "N.targets.pb".
    std::optional<std::string> file(std::string const& name) const;
    std::string name_of(trust::RoleName role) const;  // of the payload's version
    std::string newest(trust::RoleName role) const { return files_.at(name_of(role)); }
    // An attacker's hand.
    void put_file(std::string const& name, std::string bytes) { files_[name] = std::move(bytes); }
    void remove_file(std::string const& name) { files_.erase(name); }

    // What a timestamp or snapshot says of a file.
    static v1::MetaRef reference(trust::RoleName role, std::uint64_t version, std::string_view envelope);

private:
    static std::size_t index(trust::RoleName role) { return static_cast<std::size_t>(role); }

    std::array<Keys, 4> keys_;
    Keys last_root_keys_;
    std::map<std::string, std::string> files_;
};

}  // namespace lanyard::support
