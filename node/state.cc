#include "node/state.h"

#include <array>

#include "manifests/store/metadata_store.h"
#include "node/console/errc.h"
#include "node/gate/sqlite_memory.h"
#include "node/journal/rows.h"
#include "node/journal/seal.h"
#include "node/journal/sqlite_handovers.h"

namespace lanyard {

Result<store::Database> open_database(console::StateFiles const& files) {
    std::array const migrations{
        store::MetadataStore::schema(), journal::journal_schema(), store::MetadataStore::delegations_schema(),
        journal::sequence_schema(),     gate::memory_schema(),     journal::handovers_schema(),
        journal::seal_schema()};
    return store::Database::open(files.database(), migrations);
}

Result<platform::StateLock> lock_state(console::StateFiles const& files) {
    auto lock = platform::StateLock::try_take(files.lock());
    if (!lock) return pass_on(lock);
    if (!*lock) {
        return fail(console::Errc::already_running,
                    "another lanyard-node works on " + files.root.string() +
                        ": stop it first, or name another state directory with --state");
    }
    return std::move(**lock);
}

trust::TimePoint utc_now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

}  // namespace lanyard
