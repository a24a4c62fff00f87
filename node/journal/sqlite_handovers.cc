#include "node/journal/sqlite_handovers.h"

namespace lanyard::journal {

std::string_view handovers_schema() {
    return R"sql(
        CREATE TABLE journal_handovers (
            app TEXT PRIMARY KEY,
            handover BLOB NOT NULL
        ) STRICT;
    )sql";
}

Status SqliteHandovers::keep(release::AppId const& app, v1::Handover const& handover) {
    return database_.write([&](store::Connection& db) -> Status {
        auto put = db.prepare("INSERT OR REPLACE INTO journal_handovers (app, handover) VALUES (?, ?)");
        put.bind(app.text()).bind_blob(handover.SerializeAsString()).run();
        return {};
    });
}

Result<std::optional<v1::Handover>> SqliteHandovers::kept(release::AppId const& app) {
    std::optional<v1::Handover> found;
    auto const read = database_.read([&](store::Connection& db) -> Status {
        auto row = db.prepare("SELECT handover FROM journal_handovers WHERE app = ?");
        row.bind(app.text());
        v1::Handover handover;
        if (row.next() && handover.ParseFromString(row.blob(0))) found = std::move(handover);
        return {};
    });
    if (!read) return pass_on(read);
    return found;
}

// Nothing is written where there is nothing: it is called at each end of an attempt, and at each start.
Status SqliteHandovers::drop(release::AppId const& app) {
    auto const found = kept(app);
    if (found && !*found) return {};
    return database_.write([&](store::Connection& db) -> Status {
        auto drop = db.prepare("DELETE FROM journal_handovers WHERE app = ?");
        drop.bind(app.text()).run();
        return {};
    });
}

}  // namespace lanyard::journal
