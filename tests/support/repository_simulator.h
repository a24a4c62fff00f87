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
    // The payload's version up, signed, and served; nothing else is touched.
    void bump_and_seal(trust::RoleName role);

    // Delegates `paths` from a targets role ("targets", or one delegated before) to a role, which signs with one key
    // more than it had and need not exist yet. Takes effect when both are published.
    v1::Delegation& delegate(std::string const& by, std::string const& to,
                             std::vector<std::string> const& paths = {"*"});
    // "targets", or a delegated role. A new one has the repository and expiry of the targets.
    v1::Targets& role(std::string const& name);
    Keys& role_keys(std::string const& name) { return delegated_.at(name).keys; }
    // A delegated role, one version up. The next publish_snapshot() names it.
    void publish_role(std::string const& name);
    void seal_role(std::string const& name);
    std::string role_file(std::string const& name);  // "<version>.<name, percent-encoded>.pb"
    v1::MetaRef role_reference(std::string const& name);

    // Signs the payload as it stands and serves it, in place of one of the same version if there is one. A role below
    // is not looked at: references stay what they are.
    void seal(trust::RoleName role);

    // Keys that sign and that the next root names. Takes effect with publish_root().
    Keys const& keys(trust::RoleName role) const { return keys_[index(role)]; }
    void set_keys(trust::RoleName role, Keys keys, std::uint32_t threshold);
    std::uint32_t threshold(trust::RoleName role) const;
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
    void forget_files() { files_.clear(); }
    std::map<std::string, std::string> const& files() const { return files_; }

    // What a timestamp or snapshot says of a file.
    static v1::MetaRef reference(std::string_view name, std::uint64_t version, std::string_view envelope);
    static v1::MetaRef reference(trust::RoleName role, std::uint64_t version, std::string_view envelope) {
        return reference(trust::text(role), version, envelope);
    }

private:
    static std::size_t index(trust::RoleName role) { return static_cast<std::size_t>(role); }

    struct Delegated {
        v1::Targets targets;
        Keys keys;
    };

    std::array<Keys, 4> keys_;
    std::map<std::string, Delegated> delegated_;
    Keys last_root_keys_;
    std::map<std::string, std::string> files_;
};

}  // namespace lanyard::support
