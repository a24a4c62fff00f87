// The search for a target through delegated roles: a script makes the roles, mutates what they say, and signs it. The
// same search is done a second time here, written down as the specification has it (TUF 1.0.34, 5.6.7).
#include <array>
#include <bit>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "manifests/trust/opening.h"
#include "manifests/trust/search.h"
#include "tests/fuzz/forge.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/sample_target.h"

using namespace lanyard;
using fuzz::KeyMask;
using fuzz::must;
using fuzz::Script;
using trust::RoleName;

namespace {

constexpr unsigned kRoles = 8;
constexpr KeyMask kTopKeys = 0b0110'0000;
constexpr char const* kPatterns[] = {
    "*/*/*/*/*",  "shop/*/*/*/*",         "*",           "editor/*/*/*/*", "shop/stable/1.?.0/*/*",
    "shop/*/*/*", "*/stable/*/linux-*/*", "?hop/*/*/*/*"};

std::string name_of(unsigned role) { return std::string(1, static_cast<char>('a' + role % kRoles)); }

// What the repository serves.
struct World {
    std::map<std::string, fuzz::File> files;  // of the delegated roles
    v1::Snapshot snapshot;
    trust::TrustedSet set;
};

void delegate(v1::Targets& targets, Script& script) {
    auto& delegation = *targets.add_delegations();
    delegation.set_name(name_of(script.byte()));
    auto const keys = static_cast<KeyMask>(script.byte() | 1);
    for (unsigned i = 0; i < fuzz::kKeys; ++i) {
        if (keys >> i & 1) delegation.add_keyids(fuzz::public_key(i).id);
    }
    auto const how = script.byte();
    delegation.set_threshold(1 + (how & 3) % 3);
    delegation.set_terminating((how & 4) != 0);
    delegation.add_paths(kPatterns[(how >> 3) % std::size(kPatterns)]);
    if ((how & 0xc0) == 0xc0) delegation.add_paths(script.bytes(script.below(12)));
}

v1::Targets make_targets(Script& script) {
    v1::Targets targets;
    targets.set_spec(1);
    targets.set_repo_id(fuzz::kRepoId);
    targets.set_version(1);
    targets.set_expires(fuzz::kFuzzNow.time_since_epoch().count() + 1000);
    auto const what = script.byte();
    if (what & 1) *targets.add_targets() = support::sample_message("shop", "1.0.0", 1);
    if (what & 2) *targets.add_targets() = support::sample_message("editor", "1.0.0", 2);
    for (unsigned i = 0; i < fuzz::kKeys; ++i) {
        if (what != 0xff) *targets.add_keys() = fuzz::public_key(i).key;
    }
    for (auto count = what >> 2 & 3; count > 0; --count) delegate(targets, script);
    return targets;
}

std::string sealed(RoleName role, std::string const& payload, KeyMask signers) {
    return fuzz::envelope(trust::payload_type(role), payload, signers).SerializeAsString();
}

template <class Payload>
void begin(Payload& payload) {
    payload.set_spec(1);
    payload.set_repo_id(fuzz::kRepoId);
    payload.set_version(1);
    payload.set_expires(fuzz::kFuzzNow.time_since_epoch().count() + 1000);
}

v1::MetaRef reference(std::string const& name, std::string const& bytes) {
    v1::MetaRef meta;
    meta.set_name(name);
    meta.set_version(1);
    meta.set_length(bytes.size());
    meta.set_sha256(trust::sha256(bytes).to_raw());
    return meta;
}

// Top-level targets that nobody has touched, so that the search begins.
std::optional<World> make_world(Script& script) {
    static fuzz::Forge const honest;
    auto set = trust::TrustedSet::from_trusted_root(honest.newest(RoleName::root).bytes, fuzz::kFuzzNow);
    World world{{}, {}, std::move(*set)};
    must(world.set.finish_root().has_value(), "an honest root is fresh");
    begin(world.snapshot);
    auto const top = sealed(RoleName::targets, make_targets(script).SerializeAsString(), kTopKeys);
    *world.snapshot.add_metas() = reference("targets", top);
    for (unsigned role = 0; role < kRoles && !script.over(); ++role) {
        auto payload = make_targets(script).SerializeAsString();
        auto const left_out = script.below(16) == 15;
        fuzz::mutate(payload, script);
        auto const signers = static_cast<KeyMask>(~script.byte());
        auto const bytes = sealed(RoleName::targets, payload, signers);
        world.files[name_of(role)] = {RoleName::targets, bytes, signers};
        if (!left_out) *world.snapshot.add_metas() = reference(name_of(role), bytes);
    }
    auto const snapshot = sealed(RoleName::snapshot, world.snapshot.SerializeAsString(), 0b0001'0000);
    v1::Timestamp timestamp;
    begin(timestamp);
    *timestamp.mutable_snapshot() = reference("snapshot", snapshot);
    auto const bytes = sealed(RoleName::timestamp, timestamp.SerializeAsString(), 0b0000'1000);
    must(world.set.update_timestamp(bytes).has_value(), "an honest timestamp is accepted");
    if (!world.set.update_snapshot(snapshot) || !world.set.update_targets(top)) return std::nullopt;
    return world;
}

bool fits(std::string_view pattern, std::string_view path) {
    if (pattern.empty()) return path.empty();
    auto const here = !path.empty() && path.front() != '/';
    if (pattern.front() == '*') return fits(pattern.substr(1), path) || (here && fits(pattern, path.substr(1)));
    auto const same = !path.empty() && (pattern.front() == path.front() || (pattern.front() == '?' && here));
    return same && fits(pattern.substr(1), path.substr(1));
}

// The specification's search, as a recursion.
class Reference {
public:
    enum class End { found, nowhere, refused };

    Reference(World const& world, std::string path) : world_(world), path_(std::move(path)) {}

    End search() {
        if (auto const end = look_into(*world_.set.targets())) return *end;
        return End::nowhere;
    }
    std::vector<std::string> const& asked() const { return asked_; }

private:
    bool holds(v1::Targets const& targets) const {
        for (auto const& target : targets.targets()) {
            if (target.path() == path_) return true;
        }
        return false;
    }

    bool delegates(v1::Delegation const& delegation) const {
        for (auto const& pattern : delegation.paths()) {
            if (fits(pattern, path_)) return true;
        }
        return false;
    }

    bool is_visited(std::string const& role) const { return visited_.contains(role); }

    // Nothing: go on with whatever comes next.
    std::optional<End> look_into(v1::Targets const& targets) {
        if (holds(targets)) return target_is_usable(targets) ? End::found : End::refused;
        std::vector<v1::Delegation const*> fitting;
        bool terminating = false;
        for (auto const& delegation : targets.delegations()) {
            if (terminating) break;
            if (!delegates(delegation)) continue;
            terminating = delegation.terminating();
            if (!is_visited(delegation.name())) fitting.push_back(&delegation);
        }
        for (auto const* delegation : fitting) {
            if (!keys_are_listed(targets, *delegation)) return End::refused;
        }
        for (auto const* delegation : fitting) {
            if (is_visited(delegation->name())) continue;
            if (auto const end = enter(*delegation)) return end;
        }
        return terminating ? std::optional(End::nowhere) : std::nullopt;
    }

    std::optional<End> enter(v1::Delegation const& delegation) {
        if (visited_.size() == trust::kMaxSearchedRoles) return End::nowhere;
        auto const* meta = named(delegation.name());
        if (!meta) return End::nowhere;
        asked_.push_back(delegation.name());
        auto const targets = believed(delegation, *meta);
        if (!targets) return End::refused;
        visited_.insert(delegation.name());
        return look_into(*targets);
    }

    static bool keys_are_listed(v1::Targets const& targets, v1::Delegation const& delegation) {
        std::set<std::string> listed;
        for (auto const& key : targets.keys()) {
            if (key.alg() == 1 && key.public_key().size() != 32) return false;
            listed.insert(trust::key_id(key).to_raw());
        }
        for (auto const& id : delegation.keyids()) {
            if (!listed.contains(id)) return false;
        }
        return true;
    }

    bool target_is_usable(v1::Targets const& targets) const {
        for (auto const& target : targets.targets()) {
            if (target.path() == path_) return release::Target::from_proto(target).has_value();
        }
        return false;
    }

    v1::MetaRef const* named(std::string const& role) const {
        for (auto const& meta : world_.snapshot.metas()) {
            if (meta.name() == role) return &meta;
        }
        return nullptr;
    }

    // Signed by a threshold of those whom this very delegation names.
    std::optional<v1::Targets> believed(v1::Delegation const& delegation, v1::MetaRef const& meta) const {
        auto const& file = world_.files.at(delegation.name());
        auto const valid = static_cast<KeyMask>(file.signers & fuzz::mask_of(delegation.keyids()));
        if (static_cast<unsigned>(std::popcount(valid)) < delegation.threshold()) return std::nullopt;
        v1::Envelope envelope;
        envelope.ParseFromString(file.bytes);
        auto const targets = trust::parse_targets(envelope.payload());
        if (!targets || targets->repo_id() != fuzz::kRepoId || targets->version() != meta.version())
            return std::nullopt;
        if (fuzz::kFuzzNow.time_since_epoch().count() >= targets->expires()) return std::nullopt;
        return *targets;
    }

    World const& world_;
    std::string path_;
    std::set<std::string> visited_;
    std::vector<std::string> asked_;
};

void check(World const& world, std::string const& path) {
    Reference reference(world, path);
    auto const expected = reference.search();
    std::vector<std::string> asked;
    trust::Search search(world.set, path);
    bool refused = false;
    while (auto const* wanted = search.wanted()) {
        asked.push_back(wanted->name());
        must(asked.size() <= trust::kMaxSearchedRoles, "a search is bounded");
        must(!search.result(), "a search has no result before it is over");
        refused = !search.take(world.files.at(wanted->name()).bytes);
        if (refused) break;
    }
    must(asked == reference.asked(), "roles are asked for in the order of the specification");
    auto const found = search.result();
    must(found.has_value() == (expected == Reference::End::found), "what is found is what the specification finds");
    must(!refused || expected == Reference::End::refused, "what is refused is refused by the specification");
    if (found) must(found->path == path, "the target is the one asked for");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    Script script(fuzz::text(data, size));
    auto const world = make_world(script);
    if (!world) return 0;
    check(*world, support::sample_message("shop", "1.0.0", 1).path());
    check(*world, support::sample_message("editor", "1.0.0", 2).path());
    return 0;
}
