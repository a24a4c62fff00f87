#include "node/recovery.h"

#include <fmt/format.h>

#include <fstream>

#include "manifests/store/metadata_store.h"
#include "manifests/trust/trusted_set.h"
#include "node/journal/errc.h"
#include "node/journal/keepsake.h"
#include "node/journal/seal.h"
#include "node/journal/sqlite_journal.h"
#include "node/platform/linux_place.h"
#include "node/state.h"

namespace lanyard {
namespace {

namespace fs = std::filesystem;
using console::NodeConfig;
using console::StateFiles;

constexpr std::size_t kMostKeepsakeBytes = 1024 * 1024;

bool is_damage(std::error_code const& code) { return code == store::Errc::damaged || code == journal::Errc::damaged; }

// SQLite sees damage in its own structures only: what is stored in them must be readable as well.
Status readable(store::Database& database, NodeConfig const& config) {
    auto const now = std::chrono::system_clock::now;
    auto const root = store::MetadataStore(database).newest_root();
    if (!root) return pass_on(root);
    if (*root) {
        auto const trusted =
            trust::TrustedSet::from_trusted_root(**root, std::chrono::floor<std::chrono::seconds>(now()));
        if (!trusted) return fail(store::Errc::damaged, "the root in it is damaged: " + trusted.error().detail);
    }
    if (auto const whole = journal::check_seal(database); !whole) return whole;
    if (auto const read = journal::SqliteJournal(database, now).unfinished(); !read) return pass_on(read);
    journal::Records records(database, now);
    if (auto const read = records.history(journal::kKept); !read) return pass_on(read);
    if (auto const read = records.outbox_next(); !read) return pass_on(read);
    for (auto const& entry : config.apps) {
        if (auto const read = records.installed(entry.app.name); !read) return pass_on(read);
    }
    return {};
}

// The log goes first: left beside an empty database, it would be played back into that.
Status set_aside(fs::path const& database, fs::path const& aside) {
    for (auto const* part : {"-wal", "-shm", ""}) {
        auto const from = database.string() + part;
        std::error_code failed;
        if (!fs::exists(from, failed)) continue;
        fs::rename(from, aside.string() + part, failed);
        if (failed) {
            return fail(store::Errc::unwritable,
                        fmt::format("the damaged {} cannot be set aside: {}; move it away", from, failed.message()));
        }
    }
    return {};
}

fs::path free_aside(fs::path const& database) {
    for (unsigned i = 1;; ++i) {
        fs::path aside = fmt::format("{}.damaged-{}", database.string(), i);
        std::error_code failed;
        if (!fs::exists(aside, failed) && !fs::exists(aside.string() + "-wal", failed)) return aside;
    }
}

Result<store::Database> open_undamaged(StateFiles const& files, NodeConfig const& config, events::Events& events) {
    std::string why;
    {
        auto database = open_database(files);
        auto const fine = database ? readable(*database, config) : Status(pass_on(database));
        if (fine) return database;
        if (!is_damage(fine.error().code)) return pass_on(fine);
        why = fine.error().detail;
    }
    auto const aside = free_aside(files.database());
    if (auto const done = set_aside(files.database(), aside); !done) return pass_on(done);
    events.error("state.damaged", fmt::format("{}: {}. It is kept as {}, and a new one is begun",
                                              files.database().string(), why, aside.filename().string()));
    return open_database(files);
}

Result<journal::Installed> found_out(fs::path const& keepsake, std::optional<std::string> const& current) {
    std::ifstream in(keepsake, std::ios::binary);
    if (!in && !current) return journal::Installed{};
    std::string bytes(kMostKeepsakeBytes, '\0');
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(in.gcount()));
    auto const kept = journal::Keepsake::from_bytes(bytes);
    if (!kept) return pass_on(kept);
    return kept->installed_as(current);
}

// For an application that the database knows nothing of, which is so before its first install as well.
Status find_out(Recovered& recovered, check::ManagedApp const& app, fs::path const& keepsake, events::Events& events) {
    journal::Records records(recovered.database, std::chrono::system_clock::now);
    auto const current = platform::LinuxPlace().current(app.home);
    // Somebody else's `current`: the walk will say so.
    if (!current) return {};
    auto const found = found_out(keepsake, *current);
    if (!found && *current) {
        recovered.unknown.insert(app.name);
        events.error("state.unknown_release",
                     fmt::format("{} {} is installed in {}, but {}: it is left alone; to have it installed anew, stop "
                                 "it and remove {}",
                                 app.name.text(), **current, app.home.string(), found.error().detail,
                                 (app.home / "current").string()));
        return {};
    }
    if (!found || (!found->current && found->highest_counter == 0)) return {};
    auto const adopted = records.adopt(app.name, *found);
    if (!adopted) return adopted;
    recovered.rebuilt.insert(app.name);
    events.warning("state.rebuilt",
                   fmt::format("the database knew nothing of {}: {} is installed, and no release before "
                               "number {} is taken",
                               app.name.text(), found->current ? found->current->version.text() : "nothing",
                               found->highest_counter + 1));
    return {};
}

}  // namespace

Result<Recovered> open_or_rebuild(StateFiles const& files, NodeConfig const& config, events::Events& events) {
    auto database = open_undamaged(files, config, events);
    if (!database) return pass_on(database);
    Recovered recovered{std::move(*database), {}, {}};
    auto const now = std::chrono::system_clock::now;
    auto const unfinished = journal::SqliteJournal(recovered.database, now).unfinished();
    if (!unfinished) return pass_on(unfinished);
    for (auto const& entry : config.apps) {
        auto const& app = entry.app;
        auto const installed = journal::Records(recovered.database, now).installed(app.name);
        if (!installed) return pass_on(installed);
        bool known = installed->current || installed->highest_counter > 0;
        for (auto const& attempt : *unfinished) known = known || attempt.offer.target.app == app.name;
        if (known) continue;
        if (auto const done = find_out(recovered, app, files.keepsake(app.name), events); !done) return pass_on(done);
    }
    return recovered;
}

}  // namespace lanyard
