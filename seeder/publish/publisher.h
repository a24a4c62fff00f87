#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "manifests/store/database.h"
#include "manifests/trust/trusted_set.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"
#include "seeder/catalogue/catalogue.h"
#include "seeder/publish/manifest.h"
#include "seeder/publish/projection.h"

namespace lanyard::publish {

// What a change of the repository gave.
struct Change {
    std::vector<catalogue::Entry> entries;
    std::uint64_t revision = 0;
    std::string not_drawn;  // why public/metadata does not show it yet; empty: it does
};

// Which roles resign() has signed anew.
struct Resigned {
    bool snapshot = false;
    bool timestamp = false;
    bool clock_was_ahead = false;  // the old timestamp would have held for longer than any may
    std::string not_drawn;         // as in Change
};

// Changes the repository: the release, its metadata and the revision are stored in one transaction, after the node's
// own verifier has accepted the new set, and then drawn into public/metadata. A process that dies anywhere leaves the
// old set or the new one, and the next draw() completes the new one. `now` is the time of signing: one that lies before
// an earlier signing is refused (wrong_clock). Versions and counters go on from whatever is higher, the database or
// public/metadata: a database from a backup must not fall behind what nodes have seen.
class Publisher {
public:
    Publisher(store::Database& database, Projection& projection, Signers signers)
        : database_(database), projection_(projection), signers_(signers) {}

    // Root version 1 and an empty manifest. Refused in a database that holds a repository already.
    Status found(std::string const& repo_id, trust::TimePoint now);

    // `target` is complete but for its release counter.
    Result<Change> publish(v1::Target target, trust::TimePoint now);

    // The targets leave the metadata; their files stay.
    Result<Change> withdraw(catalogue::Filter const& filter, trust::TimePoint now);

    // Signs the timestamp anew when less than half of its life is left, and the snapshot likewise; a timestamp of a
    // clock that was ahead, too. Needs these two keys only, and does nothing once the root has expired.
    Result<Resigned> resign(trust::TimePoint now);

    Status draw() { return projection_.draw(database_); }

private:
    // The next targets, snapshot and timestamp from the catalogue; inside a transaction.
    Status renew(store::Connection& connection, std::optional<std::string> const& target_path, trust::TimePoint now);
    Result<Resigned> sign_what_is_due(store::Connection& connection, trust::TimePoint now);
    std::string not_drawn();

    store::Database& database_;
    Projection& projection_;
    Signers signers_;
};

// What the operator must do before long, a sentence each: the roles that no serving seeder renews.
std::vector<std::string> expiry_warnings(Manifest const& manifest, trust::TimePoint now);

}  // namespace lanyard::publish
