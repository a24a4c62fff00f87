#include "node/journal/records.h"

#include "node/journal/seal.h"

namespace lanyard::journal {
namespace {

using store::Connection;

// Enough to reach the longest back-off.
constexpr std::int64_t kMostFailures = 20;

Result<std::optional<v1::Report>> first_report(store::Statement rows) {
    if (!rows.next()) return std::optional<v1::Report>();
    auto report = report_from(rows.blob(0));
    if (!report) return pass_on(report);
    return std::optional<v1::Report>(std::move(*report));
}

}  // namespace

Result<Installed> Records::installed(release::AppId const& app) {
    return database_.read([&](Connection& db) -> Result<Installed> {
        auto row = db.prepare("SELECT current, previous, highest_counter FROM journal_installed WHERE app = ?");
        row.bind(app.text());
        if (!row.next()) return Installed{};
        auto current = target_in(row, 0);
        if (!current) return pass_on(current);
        auto previous = target_in(row, 1);
        if (!previous) return pass_on(previous);
        return Installed{std::move(*current), std::move(*previous), static_cast<std::uint64_t>(row.integer(2))};
    });
}

Status Records::adopt(release::AppId const& app, Installed const& installed) {
    return write_sealed(database_, [&](Connection& db) -> Status {
        auto put = db.prepare(
            "INSERT OR REPLACE INTO journal_installed (app, current, previous, highest_counter) VALUES (?, ?, ?, ?)");
        put.bind(app.text());
        bind_optional(put, installed.current);
        bind_optional(put, installed.previous);
        put.bind(static_cast<std::int64_t>(installed.highest_counter)).run();
        return {};
    });
}

Result<std::optional<std::string>> Records::quarantined(release::AppId const& app, release::Digest const& package) {
    return database_.read([&](Connection& db) -> Result<std::optional<std::string>> {
        auto row = db.prepare("SELECT reason FROM journal_quarantine WHERE app = ? AND package = ?");
        row.bind(app.text()).bind(package.to_hex());
        if (!row.next()) return std::optional<std::string>();
        return std::optional<std::string>(row.text(0));
    });
}

Status Records::quarantine(release::Target const& target, std::string const& reason) {
    auto const now = milliseconds_of(now_());
    return write_sealed(database_, [&](Connection& db) -> Status {
        put_into_quarantine(db, target, reason, now);
        return {};
    });
}

Result<Failures> Records::failures(release::AppId const& app, release::Digest const& package) {
    return database_.read([&](Connection& db) -> Result<Failures> {
        auto rows = db.prepare(
            "SELECT package, outcome, ended_at FROM journal_attempts WHERE app = ? AND ended_at IS NOT NULL "
            "ORDER BY number DESC LIMIT ?");
        rows.bind(app.text()).bind(kMostFailures);
        Failures found;
        while (rows.next() && rows.text(0) == package.to_hex() && rows.integer(1) == v1::OUTCOME_FAILED) {
            if (found.count++ == 0) {
                found.last = std::chrono::system_clock::time_point(std::chrono::milliseconds(rows.integer(2)));
            }
        }
        return found;
    });
}

Result<std::vector<v1::Report>> Records::history(std::uint32_t limit) {
    return database_.read([&](Connection& db) -> Result<std::vector<v1::Report>> {
        auto rows = db.prepare(
            "SELECT report FROM journal_attempts WHERE ended_at IS NOT NULL ORDER BY ended_at DESC, number DESC LIMIT "
            "?");
        rows.bind(std::int64_t{limit});
        std::vector<v1::Report> reports;
        while (rows.next()) {
            auto report = report_from(rows.blob(0));
            if (!report) return pass_on(report);
            reports.push_back(std::move(*report));
        }
        return reports;
    });
}

Result<std::optional<v1::Report>> Records::last_report(release::AppId const& app) {
    return database_.read([&](Connection& db) {
        auto rows = db.prepare(
            "SELECT report FROM journal_attempts WHERE app = ? AND ended_at IS NOT NULL ORDER BY number DESC LIMIT 1");
        rows.bind(app.text());
        return first_report(std::move(rows));
    });
}

Result<std::optional<v1::Report>> Records::outbox_next() {
    return database_.read([](Connection& db) {
        return first_report(db.prepare("SELECT report FROM journal_outbox ORDER BY number LIMIT 1"));
    });
}

Status Records::outbox_done(std::string const& attempt_id) {
    return database_.write([&](Connection& db) -> Status {
        auto remove = db.prepare("DELETE FROM journal_outbox WHERE attempt = ?");
        remove.bind(attempt_id).run();
        return {};
    });
}

Result<std::uint64_t> Records::outbox_count() {
    return database_.read([](Connection& db) -> Result<std::uint64_t> {
        auto row = db.prepare("SELECT count(*) FROM journal_outbox");
        row.next();
        return static_cast<std::uint64_t>(row.integer(0));
    });
}

}  // namespace lanyard::journal
