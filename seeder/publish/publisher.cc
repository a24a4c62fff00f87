#include "seeder/publish/publisher.h"

#include <algorithm>

#include "manifests/release/target.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/lifetimes.h"
#include "seeder/publish/manifest_rows.h"

namespace lanyard::publish {
namespace {

using trust::RoleName;

bool less_than_half_left(SignedRole const& role, lifetime::Days life, trust::TimePoint now) {
    return trust::TimePoint(std::chrono::seconds(role.expires)) - now < std::chrono::seconds(life) / 2;
}

bool has_expired(SignedRole const& role, trust::TimePoint now) {
    return role.expires <= now.time_since_epoch().count();
}

// Clocks of people are set by hand.
constexpr std::chrono::hours kTolerance{1};

trust::TimePoint signed_at(SignedRole const& role, lifetime::Days life) {
    return trust::TimePoint(std::chrono::seconds(role.expires)) - life;
}

std::string in_words(std::chrono::seconds span) {
    auto const hours = std::chrono::duration_cast<std::chrono::hours>(span).count();
    return hours < 48 ? std::to_string(hours) + " hours" : std::to_string(hours / 24) + " days";
}

// Before the first root nothing was ever signed.
Status check_clock_by_root(Manifest const& before, trust::TimePoint now) {
    auto const founded = signed_at(before.roots.front(), lifetime::kRoot);
    if (now + kTolerance >= founded) return {};
    return fail(Errc::wrong_clock, "nothing was signed: by this machine's clock the repository will be founded in " +
                                       in_words(founded - now) + "; set the clock right and try again");
}

// Nodes would see what is signed now expire before what it replaces.
Status check_clock(Manifest const& before, trust::TimePoint now) {
    if (auto const fine = check_clock_by_root(before, now); !fine) return fine;
    auto const last = signed_at(before.timestamp, lifetime::kTimestamp);
    if (now + kTolerance >= last) return {};
    return fail(Errc::wrong_clock,
                "nothing was signed: this machine's clock is " + in_words(last - now) +
                    " behind the one of the last signing; set the clock right and try again (if it was wrong then and "
                    "is right now, let `lanyard-seeder serve` run for a minute first: it signs anew)");
}

std::string warning_for(std::string const& role, SignedRole const& signed_role, trust::TimePoint now,
                        std::string const& remedy) {
    auto const left = trust::TimePoint(std::chrono::seconds(signed_role.expires)) - now;
    auto const days = std::chrono::duration_cast<std::chrono::days>(left).count();
    auto const when = days < 0 || left.count() <= 0 ? std::string("have expired: nodes refuse all updates")
                                                    : "expire in " + std::to_string(days) + " days";
    return "the signatures of " + role + " " + when + "; " + remedy;
}

}  // namespace

Status Publisher::found(std::string const& repo_id, trust::TimePoint now) {
    auto const founded = database_.write([&](store::Connection& connection) -> Status {
        catalogue::Catalogue catalogue(connection);
        if (catalogue.repo_id()) {
            return fail(Errc::initialised_already, "seeder.db holds a repository already");
        }
        catalogue.found(repo_id);
        Manifest first;
        auto root = sign_first_root(repo_id, signers_, now);
        if (!root) return pass_on(root);
        first.roots.push_back(std::move(*root));
        auto targets = sign_targets(repo_id, 1, {}, signers_, now);
        if (!targets) return pass_on(targets);
        first.targets = std::move(*targets);
        auto snapshot = sign_snapshot(repo_id, 1, first.targets, signers_, now);
        if (!snapshot) return pass_on(snapshot);
        first.snapshot = std::move(*snapshot);
        auto timestamp = sign_timestamp(repo_id, 1, first.snapshot, signers_, now);
        if (!timestamp) return pass_on(timestamp);
        first.timestamp = std::move(*timestamp);
        auto const verified = verify_as_node(std::nullopt, first, Depth::all, std::nullopt, now);
        if (!verified) return verified;
        put_role(connection, RoleName::root, first.roots.front());
        put_role(connection, RoleName::targets, first.targets);
        put_role(connection, RoleName::snapshot, first.snapshot);
        put_role(connection, RoleName::timestamp, first.timestamp);
        return {};
    });
    if (!founded) return founded;
    return draw();
}

Status Publisher::renew(store::Connection& connection, std::optional<std::string> const& target_path,
                        trust::TimePoint now) {
    catalogue::Catalogue catalogue(connection);
    auto const repo_id = catalogue.repo_id();
    if (!repo_id) return pass_on(repo_id);
    auto const before = read_manifest(connection);
    if (!before) return pass_on(before);
    auto const live = catalogue.live_targets();
    if (!live) return pass_on(live);

    if (auto const fine = check_clock(*before, now); !fine) return fine;
    auto const seen = projection_.seen(*before);

    Manifest next = *before;
    auto const targets_version = std::max(before->targets.version, seen.targets) + 1;
    auto targets = sign_targets(*repo_id, targets_version, *live, signers_, now, before->targets.expires);
    if (!targets) return pass_on(targets);
    next.targets = std::move(*targets);
    auto const snapshot_version = std::max(before->snapshot.version, seen.snapshot) + 1;
    auto snapshot = sign_snapshot(*repo_id, snapshot_version, next.targets, signers_, now, before->snapshot.expires);
    if (!snapshot) return pass_on(snapshot);
    next.snapshot = std::move(*snapshot);
    auto const timestamp_version = std::max(before->timestamp.version, seen.timestamp) + 1;
    auto timestamp = sign_timestamp(*repo_id, timestamp_version, next.snapshot, signers_, now);
    if (!timestamp) return pass_on(timestamp);
    next.timestamp = std::move(*timestamp);

    auto const verified = verify_as_node(*before, next, Depth::all, target_path, now);
    if (!verified) return pass_on(verified, "nodes would refuse the new manifest, so nothing was published");
    put_role(connection, RoleName::targets, next.targets);
    put_role(connection, RoleName::snapshot, next.snapshot);
    put_role(connection, RoleName::timestamp, next.timestamp);
    return {};
}

Result<Change> Publisher::publish(v1::Target target, trust::TimePoint now) {
    auto change = database_.write([&](store::Connection& connection) -> Result<Change> {
        catalogue::Catalogue catalogue(connection);
        auto const before = read_manifest(connection);
        if (!before) return pass_on(before);
        catalogue.count_on_from(projection_.seen(*before).release_counter);
        auto entry = catalogue.add(std::move(target), now.time_since_epoch().count());
        if (!entry) return pass_on(entry);
        auto const revision = catalogue.raise_revision();
        if (!revision) return pass_on(revision);
        if (auto const renewed = renew(connection, entry->target.path(), now); !renewed) return pass_on(renewed);
        Change made;
        made.entries.push_back(std::move(*entry));
        made.revision = *revision;
        return made;
    });
    if (change) change->not_drawn = not_drawn();
    return change;
}

Result<Change> Publisher::withdraw(catalogue::Filter const& filter, trust::TimePoint now) {
    auto change = database_.write([&](store::Connection& connection) -> Result<Change> {
        catalogue::Catalogue catalogue(connection);
        auto entries = catalogue.withdraw(filter);
        if (!entries) return pass_on(entries);
        auto const revision = catalogue.raise_revision();
        if (!revision) return pass_on(revision);
        if (auto const renewed = renew(connection, std::nullopt, now); !renewed) return pass_on(renewed);
        Change made;
        made.entries = std::move(*entries);
        made.revision = *revision;
        return made;
    });
    if (change) change->not_drawn = not_drawn();
    return change;
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

    auto const repo_id = catalogue::Catalogue(connection).repo_id();
    if (!repo_id) return pass_on(repo_id);
    Manifest next = *before;
    if (resigned.snapshot) {
        auto const version = std::max(before->snapshot.version, seen.snapshot) + 1;
        auto snapshot = sign_snapshot(*repo_id, version, before->targets, signers_, now, before->snapshot.expires);
        if (!snapshot) return pass_on(snapshot);
        next.snapshot = std::move(*snapshot);
    }
    auto const version = std::max(before->timestamp.version, seen.timestamp) + 1;
    auto timestamp = sign_timestamp(*repo_id, version, next.snapshot, signers_, now);
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

std::vector<std::string> expiry_warnings(Manifest const& manifest, trust::TimePoint now) {
    std::vector<std::string> warnings;
    auto const& root = manifest.roots.back();
    if (trust::TimePoint(std::chrono::seconds(root.expires)) - now < lifetime::kWarnRoot) {
        warnings.push_back(
            warning_for("root", root, now, "set up a new repository before that and let the nodes join it"));
    }
    if (trust::TimePoint(std::chrono::seconds(manifest.targets.expires)) - now < lifetime::kWarnTargets) {
        warnings.push_back(warning_for("targets", manifest.targets, now, "publishing any release renews them"));
    }
    return warnings;
}

}  // namespace lanyard::publish
