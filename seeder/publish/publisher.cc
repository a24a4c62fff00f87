#include "seeder/publish/publisher.h"

#include <algorithm>
#include <set>

#include "manifests/release/target.h"
#include "manifests/trust/opening.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/manifest_rows.h"

namespace lanyard::publish {
namespace {

using trust::RoleName;

// What is used up begins anew once nodes have forgotten it, which they do when the keys of these roles change.
std::uint64_t version_after(std::uint64_t stored, std::uint64_t seen, bool nodes_forget) {
    auto const last = std::max(stored, seen);
    return nodes_forget && last >= trust::kMaxMetadataVersion / 2 ? 1 : last + 1;
}

bool same_keys(v1::Root const& a, v1::Root const& b, RoleName role) {
    auto const ids = [role](v1::Root const& root) {
        auto const& listed = role_of(root, role).keyids();
        return std::set<std::string>(listed.begin(), listed.end());
    };
    return ids(a) == ids(b);
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
        return put_through(step, {first_root, make_targets(first_root.repo_id(), 1, {}, now)});
    });
}

v1::Targets Publisher::next_targets(Step const& step, std::vector<v1::Target> const& live, bool nodes_forget) const {
    auto const& before = *step.before;
    auto const seen = nodes_forget ? 0 : projection_.seen(before).targets;
    auto const repo_id = catalogue::Catalogue(step.connection).repo_id().value();
    return make_targets(repo_id, version_after(before.targets.version, seen, nodes_forget), live, step.now,
                        before.targets.expires);
}

Status Publisher::publish_live(Step& step) {
    if (!step.before) return fail(Errc::not_initialised, "this seeder has no repository yet");
    catalogue::Catalogue catalogue(step.connection);
    auto const live = catalogue.live_targets();
    if (!live) return pass_on(live);
    return put_through(step, {std::nullopt, next_targets(step, *live, false)});
}

Result<Change> Publisher::publish(v1::Target target, trust::TimePoint now) {
    return change(now, [&](Step& step) -> Status {
        if (!step.before) return publish_live(step);
        catalogue::Catalogue catalogue(step.connection);
        catalogue.count_on_from(projection_.seen(*step.before).release_counter);
        auto entry = catalogue.add(std::move(target), now.time_since_epoch().count());
        if (!entry) return pass_on(entry);
        step.target_path = entry->target.path();
        step.made.entries.push_back(std::move(*entry));
        return publish_live(step);
    });
}

Result<Change> Publisher::withdraw(catalogue::Filter const& filter, trust::TimePoint now) {
    return change(now, [&](Step& step) -> Status {
        auto entries = catalogue::Catalogue(step.connection).withdraw(filter);
        if (!entries) return pass_on(entries);
        step.made.entries = std::move(*entries);
        return publish_live(step);
    });
}

Result<Change> Publisher::renew_targets(trust::TimePoint now) {
    return change(now, [&](Step& step) { return publish_live(step); });
}

Result<Change> Publisher::change_keys(std::vector<RoleKeys> const& changes, trust::TimePoint now) {
    return change(now, [&](Step& step) -> Status {
        if (!step.before) return publish_live(step);
        auto const root = root_in(step.before->roots.back());
        if (!root) return pass_on(root);
        auto next = make_next_root(*root, changes, now);
        if (!next) return pass_on(next);
        Draft draft;
        if (!is_signed_by(*next, RoleName::targets, step.before->targets)) {
            auto const live = catalogue::Catalogue(step.connection).live_targets();
            if (!live) return pass_on(live);
            bool const nodes_forget =
                !same_keys(*root, *next, RoleName::snapshot) || !same_keys(*root, *next, RoleName::timestamp);
            draft.targets = next_targets(step, *live, nodes_forget);
        }
        draft.root = std::move(*next);
        return put_through(step, draft);
    });
}

Result<Change> Publisher::take(signing::Request request, trust::TimePoint now) {
    return change(now, [&](Step& step) -> Status {
        if (!request.missing().empty()) {
            step.made.request = request.to_proto();
            return fail(Errc::needs_signatures, "");
        }
        return settle(step, request);
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
    if (request.find("targets")) {
        auto const targets = targets_in(next->targets);
        if (!targets) return pass_on(targets);
        auto changed = catalogue.follow(targets->targets(), step.now.time_since_epoch().count());
        if (!changed) return pass_on(changed);
        if (step.made.entries.empty()) step.made.entries = std::move(*changed);
    }
    if (auto const done = sign_online_roles(step, *root, *next); !done) return done;
    auto const depth = has_expired(next->targets, step.now) ? Depth::timestamp_and_snapshot : Depth::all;
    auto const verified = verify_as_node(step.before, *next, depth, step.target_path, step.now);
    if (!verified) return pass_on(verified, "nodes would refuse the new manifest, so nothing was published");
    if (request.find("root")) put_role(step.connection, RoleName::root, next->roots.back());
    put_role(step.connection, RoleName::targets, next->targets);
    put_role(step.connection, RoleName::snapshot, next->snapshot);
    put_role(step.connection, RoleName::timestamp, next->timestamp);
    auto const revision = step.before ? catalogue.raise_revision() : catalogue.revision();
    if (!revision) return pass_on(revision);
    step.made.revision = *revision;
    return {};
}

// Those that the new root, the new targets or the time make necessary.
Status Publisher::sign_online_roles(Step const& step, v1::Root const& root, Manifest& next) {
    auto const old_snapshot = next.snapshot;
    auto const old_timestamp = next.timestamp;
    bool const forget_snapshot = !is_signed_by(root, RoleName::snapshot, old_snapshot);
    bool const forget_timestamp = !is_signed_by(root, RoleName::timestamp, old_timestamp);
    bool const new_targets = !step.before || step.before->targets.version != next.targets.version;
    bool const new_snapshot = new_targets || forget_snapshot || has_expired(old_snapshot, step.now);
    if (!new_snapshot && !forget_timestamp && !has_expired(old_timestamp, step.now)) return {};

    // Of the new root: what an attacker has signed with the old keys counts no longer.
    auto const seen = projection_.seen(next);
    auto const signers = find_(root);
    if (!signers) return pass_on(signers);
    bool const nodes_forget = forget_snapshot || forget_timestamp;
    if (new_snapshot || seen.snapshot > old_snapshot.version) {
        auto const version = version_after(old_snapshot.version, seen.snapshot, nodes_forget);
        auto snapshot = sign_snapshot(root, version, next.targets, *signers, step.now, old_snapshot.expires);
        if (!snapshot) return pass_on(snapshot);
        next.snapshot = std::move(*snapshot);
    }
    auto const version = version_after(old_timestamp.version, seen.timestamp, nodes_forget);
    auto timestamp = sign_timestamp(root, version, next.snapshot, *signers, step.now);
    if (!timestamp) return pass_on(timestamp);
    next.timestamp = std::move(*timestamp);
    return {};
}

Result<Resigned> Publisher::sign_what_is_due(store::Connection& connection, trust::TimePoint now) {
    auto const before = read_manifest(connection);
    if (!before) return pass_on(before);
    Resigned resigned;
    // No node takes anything from here then, and expiry_warnings() says so.
    if (has_expired(before->roots.back(), now)) return resigned;
    if (auto const fine = check_clock_by_root(*before, now); !fine) return pass_on(fine);
    auto const seen = projection_.seen(*before);
    if (seen.targets > before->targets.version) {
        return fail(Errc::newer_picture,
                    "seeder.db is older than public/metadata, as if it came from a backup: publish or withdraw any "
                    "release to bring both together; until then nothing is signed anew");
    }
    resigned.snapshot = less_than_half_left(before->snapshot, lifetime::kSnapshot, now);
    resigned.clock_was_ahead = now + kTolerance < signed_at(before->timestamp, lifetime::kTimestamp);
    // A new snapshot is only found through a new timestamp.
    resigned.timestamp = resigned.snapshot || resigned.clock_was_ahead ||
                         less_than_half_left(before->timestamp, lifetime::kTimestamp, now);
    if (!resigned.timestamp) return resigned;
    // A timestamp must not name an older one than nodes have.
    resigned.snapshot = resigned.snapshot || seen.snapshot > before->snapshot.version;

    auto const root = root_in(before->roots.back());
    if (!root) return pass_on(root);
    auto const signers = find_(*root);
    if (!signers) return pass_on(signers);
    Manifest next = *before;
    if (resigned.snapshot) {
        auto const version = version_after(before->snapshot.version, seen.snapshot, false);
        auto snapshot = sign_snapshot(*root, version, before->targets, *signers, now, before->snapshot.expires);
        if (!snapshot) return pass_on(snapshot);
        next.snapshot = std::move(*snapshot);
    }
    auto const version = version_after(before->timestamp.version, seen.timestamp, false);
    auto timestamp = sign_timestamp(*root, version, next.snapshot, *signers, now);
    if (!timestamp) return pass_on(timestamp);
    next.timestamp = std::move(*timestamp);

    // Expired targets are not this function's to mend, and must not stop it.
    auto const depth = has_expired(before->targets, now) ? Depth::timestamp_and_snapshot : Depth::all;
    auto const verified = verify_as_node(*before, next, depth, std::nullopt, now);
    if (!verified) return pass_on(verified, "nodes would refuse the newly signed metadata");
    if (resigned.snapshot) put_role(connection, RoleName::snapshot, next.snapshot);
    put_role(connection, RoleName::timestamp, next.timestamp);
    return resigned;
}

Result<Resigned> Publisher::resign(trust::TimePoint now) {
    auto done = database_.write([&](store::Connection& connection) { return sign_what_is_due(connection, now); });
    if (done && done->timestamp) done->not_drawn = not_drawn();
    return done;
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
