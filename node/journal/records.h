#pragma once

#include <utility>

#include "node/journal/rows.h"

namespace lanyard::journal {

// What has become of an application on this node.
struct Installed {
    std::optional<release::Target> current;
    std::optional<release::Target> previous;  // kept for a way back
    std::uint64_t highest_counter = 0;        // of any release ever committed
};

// Attempts that failed in a row with one package; the old release was never left.
struct Failures {
    unsigned count = 0;
    std::chrono::system_clock::time_point last{};
};

// What the journal tells to the other rooms: what is installed, what is not tried again, what was reported. Reads and
// writes the same tables as SqliteJournal; every call is one transaction.
class Records {
public:
    Records(store::Database& database, Clock now) : database_(database), now_(std::move(now)) {}

    Result<Installed> installed(release::AppId const& app);

    // What was found out anew after the database was lost; in place of whatever it knew.
    Status adopt(release::AppId const& app, Installed const& installed);

    // Why this very package is not tried again; nothing when it may be.
    Result<std::optional<std::string>> quarantined(release::AppId const& app, release::Digest const& package);
    // From now on it is not, as after a roll back that a person asked for. Committing it takes it out again.
    Status quarantine(release::Target const& target, std::string const& reason);

    Result<Failures> failures(release::AppId const& app, release::Digest const& package);

    // As Journal::unfinished.
    Result<std::vector<Attempt>> unfinished() { return database_.read(unfinished_in); }

    // Attempts that have ended, newest first; at most the last 1,000 are kept.
    Result<std::vector<v1::Report>> history(std::uint32_t limit);
    Result<std::optional<v1::Report>> last_report(release::AppId const& app);

    // Reports that the seeder has not acknowledged, oldest first.
    Result<std::optional<v1::Report>> outbox_next();
    Status outbox_done(std::string const& attempt_id);
    Result<std::uint64_t> outbox_count();

private:
    store::Database& database_;
    Clock now_;
};

}  // namespace lanyard::journal
