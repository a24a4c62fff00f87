#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "manifests/signing/request.h"
#include "manifests/store/database.h"
#include "manifests/trust/trusted_set.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"
#include "seeder/catalogue/catalogue.h"
#include "seeder/publish/draft.h"
#include "seeder/publish/expiry.h"
#include "seeder/publish/key_change.h"
#include "seeder/publish/manifest.h"
#include "seeder/publish/projection.h"

namespace lanyard::publish {

// What a change of the repository gave.
struct Change {
    std::vector<catalogue::Entry> entries;
    std::uint64_t revision = 0;
    std::string not_drawn;  // why public/metadata does not show it yet; empty: it does
    // Signatures are missing whose keys are not here: nothing has changed, and this has to be signed first.
    std::optional<v1::SigningRequest> request;
};

// Which roles resign() has signed anew.
struct Resigned {
    bool snapshot = false;
    bool timestamp = false;
    bool clock_was_ahead = false;  // the old timestamp would have held for longer than any may
    std::string not_drawn;         // as in Change
};

// The private keys that are here, of those a root names. Asked at each signing: a rotation changes both.
using FindSigners = std::function<Result<Signers>(v1::Root const& root)>;

// Changes the repository: the release, its metadata and the revision are stored in one transaction, after the node's
// own verifier has accepted the new set, and then drawn into public/metadata. A process that dies anywhere leaves the
// old set or the new one, and the next draw() completes the new one. `now` is the time of signing: one that lies before
// an earlier signing is refused (wrong_clock). Versions and counters go on from whatever is higher, the database or
// public/metadata: a database from a backup must not fall behind what nodes have seen.
//
// A change for which keys are missing gives a request instead, and take() completes it once it is signed. The keys of
// snapshot and timestamp must be here (missing_key).
class Publisher {
public:
    Publisher(store::Database& database, Projection& projection, FindSigners find)
        : database_(database), projection_(projection), find_(std::move(find)) {}
    Publisher(store::Database& database, Projection& projection, Signers signers)
        : Publisher(database, projection, [signers](v1::Root const&) -> Result<Signers> { return signers; }) {}

    // Root version 1 and an empty manifest. Refused in a database that holds a repository already.
    Result<Change> found(v1::Root const& first_root, trust::TimePoint now);

    // `target` is complete but for its release counter. `role` is a delegated one that may name it, or the top level.
    Result<Change> publish(v1::Target target, trust::TimePoint now, std::string const& role = catalogue::kTopLevelRole);

    // The targets leave the metadata; their files stay.
    Result<Change> withdraw(catalogue::Filter const& filter, trust::TimePoint now);

    // The next root: these roles have other keys, and it holds anew. What the new keys have not signed is signed anew
    // with it.
    Result<Change> change_keys(std::vector<RoleKeys> const& changes, trust::TimePoint now);

    // Delegates to a role, or changes what is delegated to it: these keys sign for it, and what they have not signed is
    // signed anew. `delegation` needs no keyids.
    Result<Change> delegate(v1::Delegation delegation, std::vector<v1::Key> const& keys, trust::TimePoint now);
    // Refused while it has live releases.
    Result<Change> remove_delegation(std::string const& name, trust::TimePoint now);

    // The same releases of the role, and they hold anew.
    Result<Change> renew_targets(trust::TimePoint now, std::string const& role = catalogue::kTopLevelRole);

    // What was asked for, signed: held_against() what is published, and judged as a node would. With too few signatures
    // it gives the request back. The catalogue follows the targets that were signed.
    Result<Change> take(signing::Request const& request, trust::TimePoint now);

    // Signs the timestamp anew when less than half of its life is left, and the snapshot likewise; a timestamp of a
    // clock that was ahead, too. Needs these two keys only, and does nothing once the root has expired.
    Result<Resigned> resign(trust::TimePoint now);

    Status draw() { return projection_.draw(database_); }

private:
    // One change under way, inside a transaction.
    struct Step {
        store::Connection& connection;
        std::optional<Manifest> before;  // nullopt: there is no repository yet
        trust::TimePoint now;
        Change& made;
        std::optional<std::string> target_path;  // that nodes must find
    };

    template <class Body>
    Result<Change> change(trust::TimePoint now, Body body);
    // What is live, at the next version; the delegations stay.
    Result<v1::Targets> next_targets(Step const& step, bool nodes_forget = false) const;
    Result<v1::Targets> next_delegated(Step const& step, std::string const& role) const;
    Status publish_live(Step& step, std::set<std::string> const& roles);
    Status follow(Step& step, signing::Request const& request);
    // Signs with what is here; done, or needs_signatures.
    Status put_through(Step& step, Draft const& draft);
    Status settle(Step& step, signing::Request const& request);
    Status sign_online_roles(Step const& step, v1::Root const& root, bool new_content, Manifest& next);
    Result<Resigned> sign_what_is_due(store::Connection& connection, trust::TimePoint now);
    std::string not_drawn();

    store::Database& database_;
    Projection& projection_;
    FindSigners find_;
};

}  // namespace lanyard::publish
