#include "seeder/publish/publisher.h"

#include <algorithm>
#include <set>

#include "manifests/release/target.h"
#include "manifests/trust/opening.h"
#include "seeder/publish/delegations.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/manifest_rows.h"

namespace lanyard::publish {
namespace {

using trust::RoleName;

tl::unexpected<Error> not_founded() {
    return fail(Errc::not_initialised,
                "this seeder has no repository yet: import the request of its `init` first, signed");
}

}  // namespace

template <class Body>
Result<Change> Publisher::change(trust::TimePoint now, Body body) {
    Change made;
    auto const done = database_.write([&](store::Connection& connection) -> Status {
        Step step{connection, std::nullopt, now, made, std::nullopt};
        auto before = read_manifest(connection);
        if (before) {
            if (auto const fine = check_clock(*before, now); !fine) return fine;
            step.before = std::move(*before);
        } else if (before.error().code != Errc::not_initialised) {
            return pass_on(before);
        }
        return body(step);
    });
    // Rolled back, because it is not published yet.
    if (!done && done.error().code == Errc::needs_signatures) return made;
    if (!done) return pass_on(done);
    made.not_drawn = not_drawn();
    return made;
}

Result<Change> Publisher::found(v1::Root const& first_root, trust::TimePoint now) {
    return change(now, [&](Step& step) -> Status {
        if (step.before) return fail(Errc::initialised_already, "seeder.db holds a repository already");
        return put_through(step, {first_root, make_targets(first_root.repo_id(), 1, {}, now), {}});
    });
}

Result<v1::Targets> Publisher::next_targets(Step const& step, bool nodes_forget) const {
    auto const& before = *step.before;
    auto const published = targets_in(before.targets);
    if (!published) return published;
    auto const live = catalogue::Catalogue(step.connection).live_targets(catalogue::kTopLevelRole);
    if (!live) return pass_on(live);
    auto const seen = nodes_forget ? 0 : projection_.seen(before).targets;
    auto next = make_targets(published->repo_id(), version_after(before.targets.version, seen, nodes_forget), *live,
                             step.now, before.targets.expires);
    *next.mutable_keys() = published->keys();
    *next.mutable_delegations() = published->delegations();
    return next;
}

Result<v1::Targets> Publisher::next_delegated(Step const& step, std::string const& role) const {
    auto const published = targets_in(step.before->targets);
    if (!published) return published;
    if (!find_delegation(*published, role)) {
        return fail(Errc::no_such_role,
                    "nobody has delegated to a role '" + role + "': `lanyard-seeder delegation list` shows the roles");
    }
    auto const live = catalogue::Catalogue(step.connection).live_targets(role);
    if (!live) return pass_on(live);
    if (step.target_path && !may_name(*find_delegation(*published, role), *step.target_path)) {
        return fail(Errc::no_such_role, "the role '" + role + "' may not name '" + *step.target_path +
                                            "': `lanyard-seeder delegation list` shows what it may");
    }
    auto const there = step.before->delegated.find(role);
    auto const before = there == step.before->delegated.end() ? SignedRole() : there->second;
    auto const seen = projection_.seen(*step.before).delegated[role];
    return make_targets(published->repo_id(), version_after(before.version, seen, false), *live, step.now,
                        before.expires);
}

Status Publisher::publish_live(Step& step, std::set<std::string> const& roles) {
    if (!step.before) return not_founded();
    Draft draft;
    for (auto const& role : roles) {
        bool const top_level = role == catalogue::kTopLevelRole;
        auto next = top_level ? next_targets(step) : next_delegated(step, role);
        if (!next) return pass_on(next);
        if (top_level) {
            draft.targets = std::move(*next);
        } else {
            draft.delegated[role] = std::move(*next);
        }
    }
    return put_through(step, draft);
}

Result<Change> Publisher::publish(v1::Target target, trust::TimePoint now, std::string const& role) {
    return change(now, [&](Step& step) -> Status {
        if (!step.before) return not_founded();
        catalogue::Catalogue catalogue(step.connection);
        catalogue.count_on_from(projection_.seen(*step.before).release_counter);
        auto entry = catalogue.add(std::move(target), now.time_since_epoch().count(), role);
        if (!entry) return pass_on(entry);
        step.target_path = entry->target.path();
        step.made.entries.push_back(std::move(*entry));
        return publish_live(step, {role});
    });
}

Result<Change> Publisher::withdraw(catalogue::Filter const& filter, trust::TimePoint now) {
    return change(now, [&](Step& step) -> Status {
        auto entries = catalogue::Catalogue(step.connection).withdraw(filter);
        if (!entries) return pass_on(entries);
        std::set<std::string> roles;
        for (auto const& entry : *entries) roles.insert(entry.role);
        step.made.entries = std::move(*entries);
        return publish_live(step, roles);
    });
}

Result<Change> Publisher::renew_targets(trust::TimePoint now, std::string const& role) {
    return change(now, [&](Step& step) { return publish_live(step, {role}); });
}

Result<Change> Publisher::delegate(v1::Delegation delegation, std::vector<v1::Key> const& keys, trust::TimePoint now) {
    return change(now, [&](Step& step) -> Status {
        if (!step.before) return not_founded();
        auto next = next_targets(step);
        if (!next) return pass_on(next);
        if (auto const put = put_delegation(*next, delegation, keys); !put) return put;
        Draft draft;
        auto const there = step.before->delegated.find(delegation.name());
        if (there != step.before->delegated.end() && !is_signed_by(*next, delegation.name(), there->second)) {
            auto const live = catalogue::Catalogue(step.connection).live_targets(delegation.name());
            if (!live) return pass_on(live);
            draft.delegated[delegation.name()] = make_targets(next->repo_id(), there->second.version + 1, *live, now);
        }
        draft.targets = std::move(*next);
        return put_through(step, draft);
    });
}

Result<Change> Publisher::remove_delegation(std::string const& name, trust::TimePoint now) {
    return change(now, [&](Step& step) -> Status {
        if (!step.before) return not_founded();
        auto next = next_targets(step);
        if (!next) return pass_on(next);
        auto const live = catalogue::Catalogue(step.connection).live_targets(name);
        if (!live) return pass_on(live);
        if (!live->empty()) {
            return fail(Errc::role_in_use,
                        "the role '" + name + "' has " + std::to_string(live->size()) +
                            " live releases, which no node would find any more: withdraw them first");
        }
        if (auto const removed = drop_delegation(*next, name); !removed) return removed;
        return put_through(step, {std::nullopt, std::move(*next), {}});
    });
}

Result<Change> Publisher::change_keys(std::vector<RoleKeys> const& changes, trust::TimePoint now) {
    return change(now, [&](Step& step) -> Status {
        if (!step.before) return not_founded();
        auto const root = root_in(step.before->roots.back());
        if (!root) return pass_on(root);
        auto next = make_next_root(*root, changes, now);
        if (!next) return pass_on(next);
        Draft draft;
        if (!is_signed_by(*next, RoleName::targets, step.before->targets)) {
            bool const nodes_forget =
                !same_keys(*root, *next, RoleName::snapshot) || !same_keys(*root, *next, RoleName::timestamp);
            auto targets = next_targets(step, nodes_forget);
            if (!targets) return pass_on(targets);
            draft.targets = std::move(*targets);
        }
        draft.root = std::move(*next);
        return put_through(step, draft);
    });
}

Result<Change> Publisher::take(signing::Request const& request, trust::TimePoint now) {
    return change(now, [&](Step& step) -> Status {
        auto const ours = held_against(request, step.before);
        if (!ours) return pass_on(ours);
        if (ours->missing().empty()) return settle(step, *ours);
        step.made.request = ours->to_proto();
        return fail(Errc::needs_signatures, "");
    });
}

Status Publisher::put_through(Step& step, Draft const& draft) {
    auto request = signing::Request::from(request_for(draft, step.before));
    if (!request) return pass_on(request);
    std::vector<v1::Root> roots;
    if (step.before) {
        auto root = root_in(step.before->roots.back());
        if (!root) return pass_on(root);
        roots.push_back(std::move(*root));
    }
    if (draft.root) roots.push_back(*draft.root);
    for (auto const& root : roots) {
        auto const signers = find_(root);
        if (!signers) return pass_on(signers);
        for (auto const* signer : *signers) {
            if (auto const done = request->sign(*signer); !done) return pass_on(done);
        }
    }
    if (request->missing().empty()) return settle(step, *request);
    step.made.request = request->to_proto();
    return fail(Errc::needs_signatures, "");
}

// Everything people sign is signed: the rest follows.
Status Publisher::settle(Step& step, signing::Request const& request) {
    auto next = put_in_place(request, step.before);
    if (!next) return pass_on(next);
    auto const root = root_in(next->roots.back());
    if (!root) return pass_on(root);
    catalogue::Catalogue catalogue(step.connection);
    if (!step.before) catalogue.found(root->repo_id());
    if (auto const fresh = check_fresh(request, step.now); !fresh) return fresh;
    if (auto const followed = follow(step, request); !followed) return followed;
    bool const new_content = std::any_of(request.items().begin(), request.items().end(),
                                         [](signing::Item const& item) { return item.role != "root"; });
    if (auto const done = sign_online_roles(step, *root, new_content, *next); !done) return done;
    // Expired targets that are published already are not this change's to mend, and must not stop it.
    bool const as_before = !request.find("targets") && has_expired(next->targets, step.now);
    auto const depth = as_before ? Depth::timestamp_and_snapshot : Depth::all;
    auto const verified = verify_as_node(step.before, *next, depth, step.target_path, step.now);
    if (!verified) return pass_on(verified, "nodes would refuse the new manifest, so nothing was published");
    if (request.find("root")) put_role(step.connection, RoleName::root, next->roots.back());
    put_role(step.connection, RoleName::targets, next->targets);
    put_role(step.connection, RoleName::snapshot, next->snapshot);
    put_role(step.connection, RoleName::timestamp, next->timestamp);
    for (auto const& [name, role] : next->delegated) put_delegated(step.connection, name, role);
    auto const revision = step.before ? catalogue.raise_revision() : catalogue.revision();
    if (!revision) return pass_on(revision);
    step.made.revision = *revision;
    return {};
}

// The catalogue shows what is signed.
Status Publisher::follow(Step& step, signing::Request const& request) {
    std::vector<catalogue::Entry> all;
    for (auto const& item : request.items()) {
        if (item.role == "root") continue;
        auto const targets = trust::parse_targets(item.envelope.payload());
        if (!targets) return pass_on(targets);
        auto changed = catalogue::Catalogue(step.connection)
                           .follow(item.role, targets->targets(), step.now.time_since_epoch().count());
        if (!changed) return pass_on(changed);
        for (auto& entry : *changed) all.push_back(std::move(entry));
    }
    if (step.made.entries.empty()) step.made.entries = std::move(all);
    return {};
}

// Those that the new root, the new targets or the time make necessary.
Status Publisher::sign_online_roles(Step const& step, v1::Root const& root, bool new_content, Manifest& next) {
    auto const old_snapshot = next.snapshot;
    auto const old_timestamp = next.timestamp;
    bool const forget_snapshot = !is_signed_by(root, RoleName::snapshot, old_snapshot);
    bool const forget_timestamp = !is_signed_by(root, RoleName::timestamp, old_timestamp);
    bool const new_snapshot = new_content || forget_snapshot || has_expired(old_snapshot, step.now);
    if (!new_snapshot && !forget_timestamp && !has_expired(old_timestamp, step.now)) return {};

    // Of the new root: what an attacker has signed with the old keys counts no longer.
    auto const seen = projection_.seen(next);
    auto const signers = find_(root);
    if (!signers) return pass_on(signers);
    bool const nodes_forget = forget_snapshot || forget_timestamp;
    if (new_snapshot || seen.snapshot > old_snapshot.version) {
        auto const version = version_after(old_snapshot.version, seen.snapshot, nodes_forget);
        auto snapshot = sign_snapshot(root, version, next, *signers, step.now, old_snapshot.expires);
        if (!snapshot) return pass_on(snapshot);
        next.snapshot = std::move(*snapshot);
    }
    auto const version = version_after(old_timestamp.version, seen.timestamp, nodes_forget);
    auto timestamp = sign_timestamp(root, version, next.snapshot, *signers, step.now);
    if (!timestamp) return pass_on(timestamp);
    next.timestamp = std::move(*timestamp);
    return {};
}

// The change stands; only its picture is old.
std::string Publisher::not_drawn() {
    auto const drawn = draw();
    if (drawn) return "";
    return "the change is stored, but public/metadata could not be brought up to date (it will be by the next "
           "`lanyard-seeder serve` or publish): " +
           drawn.error().detail;
}

}  // namespace lanyard::publish
