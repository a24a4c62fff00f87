#include "node/journal/rows.h"

#include "node/journal/errc.h"

namespace lanyard::journal {
namespace {

constexpr char const* kMend = "; stop the node and move node.db aside to begin with an empty one";

}  // namespace

// Times are milliseconds since 1970. `number` gives the order; `package` is the SHA-256 in hex.
std::string_view journal_schema() {
    return R"sql(
        CREATE TABLE journal_attempts (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            app TEXT NOT NULL,
            package TEXT NOT NULL,
            target BLOB NOT NULL,
            running BLOB,
            home BLOB NOT NULL,
            phase TEXT NOT NULL,
            starts INTEGER NOT NULL,
            draft BLOB NOT NULL,
            started_at INTEGER NOT NULL,
            ended_at INTEGER,
            outcome INTEGER,
            report BLOB
        ) STRICT;
        CREATE UNIQUE INDEX journal_one_under_way ON journal_attempts (app) WHERE ended_at IS NULL;
        CREATE INDEX journal_attempts_of_app ON journal_attempts (app, number);
        CREATE TABLE journal_phases (
            number INTEGER PRIMARY KEY,
            attempt INTEGER NOT NULL REFERENCES journal_attempts (number) ON DELETE CASCADE,
            phase TEXT NOT NULL,
            entered_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX journal_phases_of_attempt ON journal_phases (attempt, number);
        CREATE TABLE journal_installed (
            app TEXT PRIMARY KEY,
            current BLOB,
            previous BLOB,
            highest_counter INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE journal_quarantine (
            app TEXT NOT NULL,
            package TEXT NOT NULL,
            version TEXT NOT NULL,
            reason TEXT NOT NULL,
            since INTEGER NOT NULL,
            PRIMARY KEY (app, package)
        ) STRICT;
        CREATE TABLE journal_outbox (
            number INTEGER PRIMARY KEY,
            attempt TEXT NOT NULL UNIQUE,
            report BLOB NOT NULL
        ) STRICT;
    )sql";
}

std::string_view sequence_schema() {
    return R"sql(
        CREATE TABLE journal_sequence (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            last INTEGER NOT NULL
        ) STRICT;
        INSERT INTO journal_sequence (only, last) VALUES (1, 0);
    )sql";
}

std::string bytes_of(release::Target const& target) { return target.to_proto().SerializeAsString(); }

Result<release::Target> target_from(std::string const& bytes) {
    v1::Target message;
    if (!message.ParseFromString(bytes)) {
        return fail(Errc::damaged, std::string("a target in the journal cannot be read") + kMend);
    }
    auto target = release::Target::from_proto(message);
    if (!target) return fail(Errc::damaged, "a target in the journal is not valid: " + target.error().detail + kMend);
    return target;
}

Result<std::optional<release::Target>> target_in(store::Statement const& row, int column) {
    if (row.null(column)) return std::optional<release::Target>();
    auto target = target_from(row.blob(column));
    if (!target) return pass_on(target);
    return std::optional<release::Target>(std::move(*target));
}

Result<v1::Report> report_from(std::string const& bytes) {
    v1::Report report;
    if (report.ParseFromString(bytes)) return report;
    return fail(Errc::damaged, std::string("a report in the journal cannot be read") + kMend);
}

namespace {

Result<Attempt> attempt_in(store::Statement const& row) {
    auto target = target_from(row.blob(1));
    if (!target) return pass_on(target);
    auto running = target_in(row, 2);
    if (!running) return pass_on(running);
    auto draft = report_from(row.blob(6));
    if (!draft) return pass_on(draft);
    auto const phase = phase_named(row.text(4));
    if (!phase) return fail(Errc::damaged, "the journal holds a phase that does not exist: " + row.text(4));
    return Attempt{row.text(0),
                   {std::move(*target), std::move(*running), row.blob(3)},
                   *phase,
                   static_cast<unsigned>(row.integer(5)),
                   static_cast<unsigned>(row.integer(7)),
                   std::move(*draft)};
}

}  // namespace

Result<std::vector<Attempt>> unfinished_in(store::Connection& db) {
    auto rows = db.prepare(
        "SELECT id, target, running, home, phase, starts, draft, (SELECT count(*) FROM journal_phases p WHERE "
        "p.attempt = a.number AND p.phase = 'drain') FROM journal_attempts a WHERE ended_at IS NULL ORDER BY number");
    std::vector<Attempt> found;
    while (rows.next()) {
        auto attempt = attempt_in(rows);
        if (!attempt) return pass_on(attempt);
        found.push_back(std::move(*attempt));
    }
    return found;
}

void bind_optional(store::Statement& statement, std::optional<release::Target> const& target) {
    if (target) {
        statement.bind_blob(bytes_of(*target));
    } else {
        statement.bind_null();
    }
}

void put_into_quarantine(store::Connection& db, release::Target const& target, std::string const& reason,
                         std::int64_t now) {
    auto put = db.prepare(
        "INSERT OR REPLACE INTO journal_quarantine (app, package, version, reason, since) VALUES (?, ?, ?, ?, ?)");
    put.bind(target.app.text()).bind(target.sha256.to_hex()).bind(target.version.text()).bind(reason).bind(now).run();
}

std::int64_t milliseconds_of(std::chrono::system_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace lanyard::journal
