#include "node/journal/sqlite_journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "node/journal/errc.h"
#include "node/journal/seal.h"

namespace lanyard::journal {
namespace {

using release::Target;
using store::Connection;

std::string new_id() {
    std::random_device random;
    std::string id;
    for (int i = 0; i < 4; ++i) id += fmt::format("{:08x}", random());
    return id;
}

Status gone(Attempt const& attempt) {
    return fail(Errc::unknown_attempt,
                fmt::format("attempt {} of {} is not under way", attempt.id, attempt.offer.target.app.text()));
}

// The number of an attempt that is under way.
std::optional<std::int64_t> number_of(Connection& db, Attempt const& attempt) {
    auto row = db.prepare("SELECT number FROM journal_attempts WHERE id = ? AND ended_at IS NULL");
    row.bind(attempt.id);
    if (!row.next()) return std::nullopt;
    return row.integer(0);
}

void insert_phase(Connection& db, std::int64_t attempt, Phase phase, std::int64_t now) {
    auto insert = db.prepare("INSERT INTO journal_phases (attempt, phase, entered_at) VALUES (?, ?, ?)");
    insert.bind(attempt).bind(std::string_view(text(phase))).bind(now).run();
}

void insert_attempt(Connection& db, Attempt const& attempt, std::int64_t now) {
    auto const& offer = attempt.offer;
    auto insert = db.prepare(
        "INSERT INTO journal_attempts (id, app, package, target, running, home, phase, starts, draft, started_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?)");
    insert.bind(attempt.id).bind(offer.target.app.text()).bind(offer.target.sha256.to_hex());
    insert.bind_blob(bytes_of(offer.target));
    bind_optional(insert, offer.running);
    insert.bind_blob(offer.home.native()).bind(std::string_view(text(attempt.phase)));
    insert.bind_blob(attempt.draft.SerializeAsString()).bind(now).run();
}

// How long each phase took, in the order of their first beginning. A clock that was set back gives 0, not nonsense.
void add_phase_times(Connection& db, std::int64_t attempt, std::int64_t now, v1::Report& report) {
    auto rows = db.prepare("SELECT phase, entered_at FROM journal_phases WHERE attempt = ? ORDER BY number");
    rows.bind(attempt);
    v1::PhaseTime* open = nullptr;
    std::int64_t since = 0;
    auto const close = [&](std::int64_t until) {
        if (open)
            open->set_milliseconds(open->milliseconds() +
                                   static_cast<std::uint64_t>(std::max<std::int64_t>(0, until - since)));
    };
    report.clear_phases();
    while (rows.next()) {
        auto const phase = rows.text(0);
        close(rows.integer(1));
        since = rows.integer(1);
        auto& phases = *report.mutable_phases();
        auto const known =
            std::find_if(phases.begin(), phases.end(), [&](auto const& p) { return p.phase() == phase; });
        open = known == phases.end() ? phases.Add() : &*known;
        open->set_phase(phase);
    }
    close(now);
}

void complete(Connection& db, std::int64_t number, Attempt const& attempt, std::int64_t now, v1::Report& report) {
    auto const& offer = attempt.offer;
    auto row = db.prepare("SELECT started_at FROM journal_attempts WHERE number = ?");
    row.bind(number).next();
    report.set_attempt_id(attempt.id);
    report.set_app(offer.target.app.text());
    report.set_from_version(offer.running ? offer.running->version.text() : "");
    report.set_to_version(offer.target.version.text());
    report.set_started_at(row.integer(0) / 1000);
    report.set_ended_at(now / 1000);
    add_phase_times(db, number, now, report);
}

Status install(Connection& db, check::Offer const& offer) {
    auto const& app = offer.target.app.text();
    auto row = db.prepare("SELECT highest_counter FROM journal_installed WHERE app = ?");
    row.bind(app);
    auto const before = row.next() ? row.integer(0) : 0;
    auto put = db.prepare(
        "INSERT OR REPLACE INTO journal_installed (app, current, previous, highest_counter) VALUES (?, ?, ?, ?)");
    put.bind(app).bind_blob(bytes_of(offer.target));
    bind_optional(put, offer.running);
    put.bind(std::max(before, static_cast<std::int64_t>(offer.target.release_counter))).run();
    auto pardon = db.prepare("DELETE FROM journal_quarantine WHERE app = ? AND package = ?");
    pardon.bind(app).bind(offer.target.sha256.to_hex()).run();
    return {};
}

// The release that was rolled back may have been committed before: a person asked to go back to the kept one.
Status leave(Connection& db, check::Offer const& offer) {
    auto const& app = offer.target.app.text();
    auto row = db.prepare("SELECT current FROM journal_installed WHERE app = ?");
    row.bind(app);
    if (!row.next()) return {};
    auto const current = target_in(row, 0);
    if (!current) return pass_on(current);
    if (!*current || (*current)->sha256 != offer.target.sha256) return {};
    auto put = db.prepare("UPDATE journal_installed SET current = ?, previous = NULL WHERE app = ?");
    bind_optional(put, offer.running);
    put.bind(app).run();
    return {};
}

void drop_oldest(Connection& db) {
    auto attempts = db.prepare(
        "DELETE FROM journal_attempts WHERE ended_at IS NOT NULL AND number <= (SELECT number FROM journal_attempts "
        "WHERE ended_at IS NOT NULL ORDER BY number DESC LIMIT 1 OFFSET ?)");
    attempts.bind(kKept).run();
    auto outbox = db.prepare(
        "DELETE FROM journal_outbox WHERE number <= (SELECT number FROM journal_outbox ORDER BY number DESC LIMIT 1 "
        "OFFSET ?)");
    outbox.bind(kKept).run();
}

}  // namespace

Result<Attempt> SqliteJournal::begin(check::Offer const& offer, Phase first) {
    Attempt attempt{.id = new_id(), .offer = offer, .phase = first};
    auto const now = milliseconds_of(now_());
    auto const written = write_sealed(database_, [&](Connection& db) -> Status {
        auto other = db.prepare("SELECT id FROM journal_attempts WHERE app = ? AND ended_at IS NULL");
        other.bind(offer.target.app.text());
        if (other.next()) {
            return fail(Errc::under_way, fmt::format("attempt {} of {} has not ended yet; wait for its end",
                                                     other.text(0), offer.target.app.text()));
        }
        insert_attempt(db, attempt, now);
        return {};
    });
    if (!written) return pass_on(written);
    return attempt;
}

Status SqliteJournal::enter(Attempt& attempt, Phase phase) {
    auto const now = milliseconds_of(now_());
    auto const written = write_sealed(database_, [&](Connection& db) -> Status {
        auto const number = number_of(db, attempt);
        if (!number) return gone(attempt);
        auto update = db.prepare("UPDATE journal_attempts SET phase = ?, draft = ? WHERE number = ?");
        update.bind(std::string_view(text(phase))).bind_blob(attempt.draft.SerializeAsString()).bind(*number).run();
        insert_phase(db, *number, phase, now);
        return {};
    });
    if (!written) return written;
    attempt.phase = phase;
    if (phase == Phase::drain) ++attempt.drains;
    return {};
}

Status SqliteJournal::count_start(Attempt& attempt) { return put_starts(attempt, attempt.starts + 1); }

Status SqliteJournal::discount_start(Attempt& attempt) {
    return attempt.starts > 0 ? put_starts(attempt, attempt.starts - 1) : Status();
}

Status SqliteJournal::put_starts(Attempt& attempt, unsigned starts) {
    auto const written = write_sealed(database_, [&](Connection& db) -> Status {
        auto update = db.prepare("UPDATE journal_attempts SET starts = ? WHERE id = ? AND ended_at IS NULL");
        update.bind(std::int64_t{starts}).bind(attempt.id).run();
        return db.changed_rows() == 1 ? Status() : gone(attempt);
    });
    if (written) attempt.starts = starts;
    return written;
}

// Above all that were given before. Its milliseconds make it so even when node.db comes from a backup: the seeder has
// seen what was given since, and takes nothing below it.
static std::uint64_t next_sequence(Connection& db, std::int64_t now) {
    db.prepare("UPDATE journal_sequence SET last = max(last + 1, ?)").bind(now).run();
    auto row = db.prepare("SELECT last FROM journal_sequence");
    return row.next() ? static_cast<std::uint64_t>(row.integer(0)) : 0;
}

Status SqliteJournal::end(Attempt const& attempt, v1::Report report) {
    auto const now = milliseconds_of(now_());
    return write_sealed(database_, [&](Connection& db) -> Status {
        auto const number = number_of(db, attempt);
        if (!number) return gone(attempt);
        complete(db, *number, attempt, now, report);
        report.set_sequence(next_sequence(db, now));
        auto const bytes = report.SerializeAsString();
        auto update = db.prepare("UPDATE journal_attempts SET ended_at = ?, outcome = ?, report = ? WHERE number = ?");
        update.bind(now).bind(std::int64_t{report.outcome()}).bind_blob(bytes).bind(*number).run();
        auto put = db.prepare("INSERT INTO journal_outbox (attempt, report) VALUES (?, ?)");
        put.bind(attempt.id).bind_blob(bytes).run();
        drop_oldest(db);
        if (report.outcome() == v1::OUTCOME_COMMITTED) return install(db, attempt.offer);
        if (report.outcome() == v1::OUTCOME_ROLLED_BACK) {
            put_into_quarantine(db, attempt.offer.target, report.detail(), now);
            return leave(db, attempt.offer);
        }
        return {};
    });
}

Result<std::vector<Attempt>> SqliteJournal::unfinished() { return database_.read(unfinished_in); }

Result<std::optional<Target>> SqliteJournal::previous(release::AppId const& app) {
    return database_.read([&](Connection& db) -> Result<std::optional<Target>> {
        auto row = db.prepare("SELECT previous FROM journal_installed WHERE app = ?");
        row.bind(app.text());
        if (!row.next()) return std::optional<Target>();
        return target_in(row, 0);
    });
}

}  // namespace lanyard::journal
