#include "node/journal/seal.h"

#include <array>
#include <string>

#include "manifests/trust/envelope.h"
#include "node/journal/errc.h"

namespace lanyard::journal {
namespace {

struct Rows {
    char const* query;
    int columns;
};

constexpr std::array kSealed{
    Rows{"SELECT app, current, previous, highest_counter FROM journal_installed ORDER BY app", 4},
    Rows{"SELECT id, app, package, target, running, home, phase, starts, draft FROM journal_attempts WHERE ended_at IS "
         "NULL ORDER BY number",
         9},
    Rows{"SELECT app, package, version, reason, since FROM journal_quarantine ORDER BY app, package", 5},
    Rows{"SELECT last FROM journal_sequence", 1},
};

std::string digest_of(store::Connection& db) {
    std::string all;
    for (auto const& rows : kSealed) {
        auto row = db.prepare(rows.query);
        while (row.next()) {
            for (int column = 0; column < rows.columns; ++column) {
                auto const value = row.blob(column);
                all += row.null(column) ? "-" : std::to_string(value.size()) + ":" + value;
            }
            all += '\n';
        }
        all += '\n';
    }
    return std::string(trust::sha256(all).to_raw());
}

}  // namespace

std::string_view seal_schema() {
    return R"sql(
        CREATE TABLE journal_seal (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            digest BLOB NOT NULL
        ) STRICT;
    )sql";
}

void seal(store::Connection& db) {
    auto put = db.prepare("INSERT OR REPLACE INTO journal_seal (only, digest) VALUES (1, ?)");
    put.bind_blob(digest_of(db)).run();
}

Status check_seal(store::Database& database) {
    return database.read([](store::Connection& db) -> Status {
        auto row = db.prepare("SELECT digest FROM journal_seal");
        if (!row.next() || row.blob(0) == digest_of(db)) return {};
        return fail(Errc::damaged, "what the journal says is installed and under way is not what was written");
    });
}

}  // namespace lanyard::journal
