#include "seeder/publish/errc.h"
#include "seeder/publish/manifest_rows.h"
#include "seeder/publish/publisher.h"

namespace lanyard::publish {

using trust::RoleName;

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
        auto snapshot = sign_snapshot(*root, version, *before, *signers, now, before->snapshot.expires);
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

}  // namespace lanyard::publish
