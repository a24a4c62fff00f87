#include "seeder/ceremony/published.h"

#include "manifests/trust/keyring.h"
#include "manifests/trust/opening.h"
#include "seeder/ceremony/errc.h"

namespace lanyard::ceremony {
namespace {

using trust::RoleName;

constexpr char const* kMadeUp = "what the request calls published is not what its keys have signed";

tl::unexpected<Error> another_repository() {
    return fail(Errc::other_repository,
                "the request is not of the repository that this key belongs to: sign it only with a key that was made "
                "for it; if nobody has founded another one, the seeder may have been taken over");
}

// Where the keeper's knowledge begins.
Status check_first(v1::Envelope const& first, Anchor const& anchor) {
    if (anchor.first_root && trust::sha256(first.SerializeAsString()) != *anchor.first_root) {
        return fail(Errc::other_repository,
                    "the first root in the request does not have the --root-digest: compare that with what `init` "
                    "printed, or a node's node.toml; if it is right, the seeder may have been taken over");
    }
    for (auto const& seen : anchor.seen) {
        if (seen.first_root() != root_name(first)) return another_repository();
    }
    return {};
}

// As a node does, in as many refreshes as it takes.
Result<v1::Root> walk(std::vector<v1::Envelope const*> const& roots, trust::TimePoint now) {
    auto set = trust::TrustedSet::from_trusted_root(roots.front()->SerializeAsString(), now);
    for (std::size_t i = 1; set && i < roots.size(); ++i) {
        if (i % trust::kMaxRootRotations == 0) {
            set = trust::TrustedSet::from_trusted_root(roots[i - 1]->SerializeAsString(), now);
            if (!set) break;
        }
        auto const next = set->update_root(roots[i]->SerializeAsString());
        if (!next) return pass_on(next, kMadeUp);
    }
    if (!set) return pass_on(set, kMadeUp);
    return set->root();
}

Result<v1::Targets> published_targets(signing::Request const& request, v1::Root const& root) {
    auto const* envelope = request.current("targets");
    if (!envelope) {
        return fail(Errc::nothing_to_compare,
                    "the request does not hold the targets that are published now: have it made anew");
    }
    auto const keyring = trust::Keyring::of(root);
    if (!keyring) return pass_on(keyring);
    if (auto const fine = keyring->verify(RoleName::targets, *envelope); !fine) return pass_on(fine, kMadeUp);
    return trust::parse_targets(envelope->payload());
}

// By the published targets: a role whose keys change now is compared with as it was, and one that they delegate nothing
// to is compared with nothing.
Status add_delegated(signing::Request const& request, Published& published) {
    auto const table = trust::KeyTable::of("targets", published.targets.keys());
    if (!table) return pass_on(table);
    for (auto const& delegation : published.targets.delegations()) {
        auto const* envelope = request.find(delegation.name()) ? request.current(delegation.name()) : nullptr;
        if (!envelope) continue;
        auto const signatories =
            trust::Signatories::of("targets", delegation.name(), *table, delegation.keyids(), delegation.threshold());
        if (!signatories) return pass_on(signatories);
        auto const fine = signatories->verify(delegation.name(), *envelope);
        if (!fine) return pass_on(fine, kMadeUp);
        auto targets = trust::parse_targets(envelope->payload());
        if (!targets) return pass_on(targets);
        published.delegated.emplace(delegation.name(), std::move(*targets));
    }
    return {};
}

std::optional<std::uint64_t> version_in(Published const& published, std::string const& role) {
    if (role == "root") return published.root.version();
    if (role == "targets") return published.targets.version();
    auto const there = published.delegated.find(role);
    return there == published.delegated.end() ? std::nullopt : std::optional(there->second.version());
}

// An older manifest would let something that was withdrawn pass as unchanged.
Status check_not_older(Published const& published, Anchor const& anchor) {
    for (auto const& seen : anchor.seen) {
        for (auto const& role : seen.roles()) {
            auto const version = version_in(published, role.role());
            if (!version || *version >= role.published()) continue;
            return fail(Errc::gone_back, "the request calls " + role.role() + " " + std::to_string(*version) +
                                             " published, and when this key signed last it was " +
                                             std::to_string(role.published()) +
                                             " already: the seeder was restored from an old copy, or hides something. "
                                             "Only after a fast-forward was mended do versions begin anew: move the "
                                             ".seen file beside the key away then, and name --root-digest");
        }
    }
    return {};
}

Status check_founding(signing::Request const& request, Anchor const& anchor) {
    if (anchor.first_root) {
        return fail(
            Errc::other_repository,
            "the request founds a new repository, and the --root-digest is of one that exists: name the request "
            "that is meant, or no digest");
    }
    for (auto const& seen : anchor.seen) {
        if (seen.first_root() != root_name(request.find("root")->envelope)) return another_repository();
    }
    return {};
}

}  // namespace

std::string root_name(v1::Envelope const& root) { return trust::sha256(root.payload()).to_hex(); }

std::string doubts(Published const& published, Anchor const& anchor) {
    std::string text;
    for (auto const& seen : anchor.seen) {
        for (auto const& role : seen.roles()) {
            auto const version = version_in(published, role.role());
            if (!version || *version >= role.agreed()) continue;
            text += "\nNOTE: you have agreed to " + role.role() + " " + std::to_string(role.agreed()) +
                    " with this key, and the request compares with " + role.role() + " " + std::to_string(*version) +
                    ". If the later\none was published, do not sign: what it changed is not shown.\n";
        }
    }
    return text;
}

Result<std::optional<Published>> find_published(signing::Request const& request, Anchor const& anchor,
                                                trust::TimePoint now) {
    auto const roots = request.roots();
    if (roots.empty()) {
        auto const fine = check_founding(request, anchor);
        return fine ? Result<std::optional<Published>>(std::nullopt) : pass_on(fine);
    }
    if (anchor.empty()) return std::nullopt;
    if (auto const ours = check_first(*roots.front(), anchor); !ours) return pass_on(ours);
    auto root = walk(roots, now);
    if (!root) return pass_on(root);
    auto targets = published_targets(request, *root);
    if (!targets) return pass_on(targets);
    Published published{root_name(*roots.front()), std::move(*root), std::move(*targets), {}};
    if (auto const added = add_delegated(request, published); !added) return pass_on(added);
    if (auto const newer = check_not_older(published, anchor); !newer) return pass_on(newer);
    return published;
}

}  // namespace lanyard::ceremony
