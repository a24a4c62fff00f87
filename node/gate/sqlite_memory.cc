#include "node/gate/sqlite_memory.h"

#include <algorithm>

namespace lanyard::gate {
namespace {

using store::Connection;

// About ten weeks of looks every five minutes.
constexpr std::int64_t kMostLooks = 120;
constexpr std::int64_t kMostTimes = 1'000;  // a policy allows 100
// The end of the year 9999; a file that was damaged may hold any number.
constexpr std::int64_t kEndOfTime = 253'402'300'799;

void bind_time(store::Statement& statement, std::optional<TimePoint> const& time) {
    if (time) {
        statement.bind(std::int64_t{time->time_since_epoch().count()});
    } else {
        statement.bind_null();
    }
}

TimePoint time_in(store::Statement const& row, int column) {
    return TimePoint(std::chrono::seconds(std::clamp<std::int64_t>(row.integer(column), 0, kEndOfTime)));
}

std::optional<TimePoint> optional_time_in(store::Statement const& row, int column) {
    if (row.null(column)) return std::nullopt;
    return time_in(row, column);
}

}  // namespace

// Times are seconds since 1970, `set_back` is seconds, `package` and `running` SHA-256 in hex.
std::string_view memory_schema() {
    return R"sql(
        CREATE TABLE gate_waits (
            app TEXT PRIMARY KEY,
            package TEXT NOT NULL,
            running TEXT NOT NULL,
            discovered INTEGER NOT NULL,
            seen INTEGER NOT NULL,
            critical_since INTEGER,
            release_due INTEGER,
            left INTEGER,
            back INTEGER,
            postponements INTEGER NOT NULL,
            postponed_until INTEGER,
            agreed_from INTEGER,
            agreed_until INTEGER,
            held_until INTEGER,
            set_back INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE gate_idle_hours (
            app TEXT NOT NULL,
            hour INTEGER NOT NULL,
            looks INTEGER NOT NULL,
            quiet INTEGER NOT NULL,
            PRIMARY KEY (app, hour)
        ) STRICT;
    )sql";
}

Result<Wait> SqliteMemory::wait(release::AppId const& app) {
    return database_.read([&](Connection& db) -> Result<Wait> {
        auto row = db.prepare(
            "SELECT package, running, discovered, seen, left, back, postponements, postponed_until, agreed_from, "
            "agreed_until, held_until, critical_since, release_due, set_back FROM gate_waits WHERE app = ?");
        row.bind(app.text());
        if (!row.next()) return Wait{};
        return Wait{.package = row.text(0),
                    .running = row.text(1),
                    .discovered = time_in(row, 2),
                    .seen = time_in(row, 3),
                    .critical_since = optional_time_in(row, 11),
                    .release_due = optional_time_in(row, 12),
                    .left = optional_time_in(row, 4),
                    .back = optional_time_in(row, 5),
                    .postponements = static_cast<unsigned>(std::clamp<std::int64_t>(row.integer(6), 0, kMostTimes)),
                    .postponed_until = optional_time_in(row, 7),
                    .agreed_from = optional_time_in(row, 8),
                    .agreed_until = optional_time_in(row, 9),
                    .held_until = optional_time_in(row, 10),
                    .set_back = std::chrono::seconds(std::clamp<std::int64_t>(row.integer(13), 0, kEndOfTime))};
    });
}

Status SqliteMemory::keep(release::AppId const& app, Wait const& wait) {
    return database_.write([&](Connection& db) -> Status {
        auto put = db.prepare("INSERT OR REPLACE INTO gate_waits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        put.bind(app.text()).bind(wait.package).bind(wait.running);
        bind_time(put, wait.discovered);
        bind_time(put, wait.seen);
        bind_time(put, wait.critical_since);
        bind_time(put, wait.release_due);
        bind_time(put, wait.left);
        bind_time(put, wait.back);
        put.bind(std::int64_t{wait.postponements});
        bind_time(put, wait.postponed_until);
        bind_time(put, wait.agreed_from);
        bind_time(put, wait.agreed_until);
        bind_time(put, wait.held_until);
        put.bind(std::int64_t{wait.set_back.count()}).run();
        return {};
    });
}

Result<History> SqliteMemory::history(release::AppId const& app) {
    return database_.read([&](Connection& db) -> Result<History> {
        History history{};
        auto rows = db.prepare("SELECT hour, looks, quiet FROM gate_idle_hours WHERE app = ?");
        rows.bind(app.text());
        while (rows.next()) {
            auto const hour = static_cast<std::size_t>(rows.integer(0));
            if (hour >= history.size()) continue;
            auto const looks = std::clamp<std::int64_t>(rows.integer(1), 0, kMostLooks);
            auto const quiet = std::clamp<std::int64_t>(rows.integer(2), 0, looks);
            history[hour] = {static_cast<unsigned>(looks), static_cast<unsigned>(quiet)};
        }
        return history;
    });
}

Status SqliteMemory::add_look(release::AppId const& app, std::size_t hour_of_week, bool quiet) {
    return database_.write([&](Connection& db) -> Status {
        auto const hour = static_cast<std::int64_t>(hour_of_week);
        auto add = db.prepare(
            "INSERT INTO gate_idle_hours (app, hour, looks, quiet) VALUES (?, ?, 1, ?) ON CONFLICT (app, hour) DO "
            "UPDATE SET looks = looks + 1, quiet = quiet + excluded.quiet");
        add.bind(app.text()).bind(hour).bind(std::int64_t{quiet}).run();
        auto fade = db.prepare(
            "UPDATE gate_idle_hours SET looks = looks / 2, quiet = quiet / 2 WHERE app = ? AND hour = ? AND looks >= "
            "?");
        fade.bind(app.text()).bind(hour).bind(kMostLooks).run();
        return {};
    });
}

}  // namespace lanyard::gate
