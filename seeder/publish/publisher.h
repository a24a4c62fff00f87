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
};

// Which roles resign() has signed anew.
struct Resigned {
    bool snapshot = false;
    bool timestamp = false;
};

// Changes the repository: the release, its metadata and the revision are stored in one transaction, after the node's
// own verifier has accepted the new set, and then drawn into public/metadata. A process that dies anywhere leaves the
// old set or the new one, and the next draw() completes the new one. `now` is the time of signing.
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

    // Signs the timestamp anew when less than half of its life is left, and the snapshot likewise. Needs these two keys
    // only.
    Result<Resigned> resign(trust::TimePoint now);

    Status draw() { return projection_.draw(database_); }

private:
    // The next targets, snapshot and timestamp from the catalogue; inside a transaction.
    Status renew(store::Connection& connection, std::optional<std::string> const& target_path, trust::TimePoint now);

    store::Database& database_;
    Projection& projection_;
    Signers signers_;
};

// What the operator must do before long, a sentence each: the roles that no serving seeder renews.
std::vector<std::string> expiry_warnings(Manifest const& manifest, trust::TimePoint now);

}  // namespace lanyard::publish
