#include "manifests/trust/explain.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "manifests/trust/errc.h"
#include "manifests/trust/keyring.h"
#include "manifests/trust/opening.h"
#include "manifests/trust/search.h"
#include "manifests/trust/signature.h"

namespace lanyard::trust {
namespace {

constexpr std::size_t kShownOfAnId = 8;  // bytes: enough to find a key, and three fit on a line

std::string shown(std::string const& raw) {
    auto const id = release::Digest::from_raw(raw);
    return id ? id->to_hex().substr(0, 2 * kShownOfAnId) : "a malformed id";
}

std::string numbered(RoleName role, std::uint64_t version) {
    return std::string(text(role)) + " " + std::to_string(version);
}

// "1 of the 2 keys that root 3 names (1 has to): 4f2a91c0d6e7b3a5"
std::string signatories(v1::Root const& root, RoleName role, std::string_view bytes) {
    auto const envelope = take_apart(role, bytes);
    if (!envelope) return "nobody";
    auto const message = pae(envelope->payload_type(), envelope->payload());
    std::map<std::string, v1::Key const*> keys;
    for (auto const& key : root.keys()) keys.emplace(key_id(key).to_raw(), &key);
    auto const& wanted = role_of(root, role);
    std::set<std::string> const ids(wanted.keyids().begin(), wanted.keyids().end());
    std::string signed_with;
    int count = 0;
    for (auto const& signature : envelope->signatures()) {
        auto const key = keys.find(signature.keyid());
        if (!ids.contains(signature.keyid()) || key == keys.end()) continue;
        if (!verifies(*key->second, message, signature.sig())) continue;
        signed_with += (count++ == 0 ? ": " : ", ") + shown(signature.keyid());
    }
    return std::to_string(count) + " of the " + std::to_string(ids.size()) + " keys that root " +
           std::to_string(root.version()) + " names for it (" + std::to_string(wanted.threshold()) +
           (wanted.threshold() == 1 ? " has" : " have") + " to)" + signed_with;
}

std::string until(std::int64_t expires) { return "good until " + utc(TimePoint(std::chrono::seconds(expires))); }

std::string named(v1::MetaRef const& meta) {
    return "names " + meta.name() + " " + std::to_string(meta.version()) + ", " + std::to_string(meta.length()) +
           " bytes, SHA-256 " + shown(meta.sha256()) + "...";
}

// A file that cannot be had says nothing against it, one that is an attack does.
Holds holds_not(Error const& error) { return kind_of(error.code) == Kind::trust ? Holds::no : Holds::unknown; }

class Walk {
public:
    Walk(Anchor const& anchor, FileSource const& files, TimePoint now) : anchor_(anchor), files_(files), now_(now) {}

    Explanation run() {
        if (!begin() || !next_roots() || !timestamp() || !snapshot() || !targets()) set_.reset();
        return {std::move(steps_), std::move(set_)};
    }

private:
    bool note(std::string what, Holds holds, std::string why) {
        steps_.push_back({std::move(what), holds, std::move(why)});
        return holds == Holds::yes;
    }
    template <class T>
    bool refuse(std::string what, Result<T> const& refused) {
        return note(std::move(what), Holds::no, refused.error().detail);
    }

    // Nothing when the walk ends here, and why has been noted.
    std::optional<std::string> fetch(std::string const& what, std::string const& name, std::size_t max_bytes) {
        auto bytes = files_(name, max_bytes);
        if (bytes && *bytes) return std::move(**bytes);
        if (bytes) {
            note(what, Holds::no, "there is no file " + name);
        } else {
            note(what, holds_not(bytes.error()), bytes.error().detail);
        }
        return std::nullopt;
    }

    bool begin() {
        auto set = TrustedSet::from_trusted_root(anchor_.root, now_);
        if (!set) return refuse("trusted root", set);
        set_ = std::move(*set);
        auto const& root = set_->root();
        return note(numbered(RoleName::root, root.version()), Holds::yes,
                    "trusted, SHA-256 " + sha256(anchor_.root).to_hex() + "; signed by " +
                        signatories(root, RoleName::root, anchor_.root));
    }

    bool next_roots() {
        for (std::size_t i = 0; i < kMaxRootRotations; ++i) {
            auto const next = set_->root().version() + 1;
            auto const what = numbered(RoleName::root, next);
            auto const bytes = files_(std::to_string(next) + ".root.pb", kMaxRootBytes);
            if (bytes && !*bytes) break;
            if (!bytes) return note(what, holds_not(bytes.error()), bytes.error().detail);
            auto const by_old = signatories(set_->root(), RoleName::root, **bytes);
            if (auto const step = set_->update_root(**bytes); !step) return refuse(what, step);
            note(what, Holds::yes,
                 "follows; signed by " + by_old + "; and by " + signatories(set_->root(), RoleName::root, **bytes));
        }
        auto const newest = "newest root";
        if (auto const finished = set_->finish_root(); !finished) return refuse(newest, finished);
        return note(newest, Holds::yes,
                    numbered(RoleName::root, set_->root().version()) + ", " + until(set_->root().expires()));
    }

    bool timestamp() {
        // What today's keys have not signed is dropped, as a refresh does (TUF 5.3.11).
        if (anchor_.timestamp) static_cast<void>(set_->load_trusted_timestamp(*anchor_.timestamp));
        auto const bytes = fetch("timestamp", "timestamp.pb", kMaxTimestampBytes);
        if (!bytes) return false;
        if (auto const step = set_->update_timestamp(*bytes); !step) return refuse("timestamp", step);
        auto const& role = *set_->timestamp();
        return note(numbered(RoleName::timestamp, role.version()), Holds::yes,
                    "signed by " + signatories(set_->root(), RoleName::timestamp, *bytes) + "; " +
                        until(role.expires()) + "; " + named(role.snapshot()));
    }

    bool snapshot() {
        if (anchor_.snapshot) static_cast<void>(set_->load_trusted_snapshot(*anchor_.snapshot));
        auto const wanted = set_->timestamp()->snapshot();
        auto const what = numbered(RoleName::snapshot, wanted.version());
        auto const limit = std::min<std::size_t>(wanted.length(), kMaxSnapshotBytes);
        auto const bytes = fetch(what, std::to_string(wanted.version()) + ".snapshot.pb", limit);
        if (!bytes) return false;
        if (auto const step = set_->update_snapshot(*bytes); !step) return refuse(what, step);
        auto const& role = *set_->snapshot();
        std::string names;
        for (auto const& meta : role.metas()) names += "; " + named(meta);
        return note(what, Holds::yes,
                    "the file that the timestamp names; signed by " +
                        signatories(set_->root(), RoleName::snapshot, *bytes) + "; " + until(role.expires()) + names);
    }

    bool targets() {
        // update_snapshot() has seen to it that there is one.
        auto const wanted = *set_->named("targets");
        auto const what = numbered(RoleName::targets, wanted.version());
        auto const limit = std::min<std::size_t>(wanted.length(), kMaxTargetsBytes);
        auto const bytes = fetch(what, std::to_string(wanted.version()) + ".targets.pb", limit);
        if (!bytes) return false;
        if (auto const step = set_->update_targets(*bytes); !step) return refuse(what, step);
        auto const& role = *set_->targets();
        return note(what, Holds::yes,
                    "the file that the snapshot names; signed by " +
                        signatories(set_->root(), RoleName::targets, *bytes) + "; " + until(role.expires()) +
                        "; names " + std::to_string(role.targets_size()) + " packages, delegates to " +
                        std::to_string(role.delegations_size()) + " roles");
    }

    Anchor const& anchor_;
    FileSource const& files_;
    TimePoint now_;
    std::optional<TrustedSet> set_;
    std::vector<Step> steps_;
};

}  // namespace

char const* text(Holds holds) {
    switch (holds) {
        case Holds::yes:
            return "ok";
        case Holds::no:
            return "refused";
        case Holds::unknown:
            break;
    }
    return "unknown";
}

Explanation explain(Anchor const& anchor, FileSource const& files, TimePoint now) {
    return Walk(anchor, files, now).run();
}

ExplainedTarget explain_target(TrustedSet const& set, std::string const& path, FileSource const& files) {
    ExplainedTarget found;
    auto const note = [&](std::string what, Holds holds, std::string why) {
        found.steps.push_back({std::move(what), holds, std::move(why)});
        return std::move(found);
    };
    Search search(set, path);
    while (auto const* wanted = search.wanted()) {
        auto const role = *wanted;
        auto const what = role.name() + " " + std::to_string(role.version());
        auto const bytes = files(std::to_string(role.version()) + "." + role.name() + ".pb",
                                 std::min<std::size_t>(role.length(), kMaxTargetsBytes));
        if (!bytes) return note(what, holds_not(bytes.error()), bytes.error().detail);
        if (!*bytes) return note(what, Holds::no, "there is no file of this delegated role");
        if (auto const taken = search.take(**bytes); !taken) return note(what, Holds::no, taken.error().detail);
        found.steps.push_back({what, Holds::yes, "delegated for this path, and signed as the delegation demands"});
    }
    auto target = search.result();
    found.named = target || target.error().code != Errc::no_such_target;
    if (!target) return note("target", Holds::no, target.error().detail);
    found.target = std::move(*target);
    return note("target", Holds::yes,
                path + ": " + std::to_string(found.target->length) + " bytes, SHA-256 " +
                    found.target->sha256.to_hex() + ", release counter " +
                    std::to_string(found.target->release_counter));
}

std::vector<std::string> paths_of_package(TrustedSet const& set, release::Digest const& package,
                                          FileSource const& files) {
    std::vector<std::string> paths;
    auto const look = [&](v1::Targets const& targets) {
        for (auto const& target : targets.targets()) {
            if (target.sha256() == package.to_raw()) paths.push_back(target.path());
        }
    };
    look(*set.targets());
    for (auto const& meta : set.snapshot()->metas()) {
        if (meta.name() == text(RoleName::targets)) continue;
        auto const bytes = files(std::to_string(meta.version()) + "." + meta.name() + ".pb",
                                 std::min<std::size_t>(meta.length(), kMaxTargetsBytes));
        if (!bytes || !*bytes || sha256(**bytes).to_raw() != meta.sha256()) continue;
        auto const envelope = take_apart(RoleName::targets, **bytes);
        if (!envelope) continue;
        if (auto const targets = parse_targets(envelope->payload())) look(*targets);
    }
    return paths;
}

}  // namespace lanyard::trust
