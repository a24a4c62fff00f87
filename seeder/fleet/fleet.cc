#include "seeder/fleet/fleet.h"

#include <algorithm>

namespace lanyard::fleet {
namespace {

using store::Connection;

void write_node(Connection& connection, Sighting const& sighting) {
    connection
        .prepare(
            "INSERT INTO fleet_nodes (id, name, address, platform, agent_version, last_seen) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
            "address = excluded.address, platform = excluded.platform, agent_version = excluded.agent_version, "
            "last_seen = excluded.last_seen")
        .bind(sighting.node_id)
        .bind(sighting.name)
        .bind(sighting.address)
        .bind(sighting.platform)
        .bind(sighting.agent_version)
        .bind(sighting.last_seen)
        .run();
}

// The applications a node no longer speaks of go; of those that stay, how the last attempt ended is kept.
void write_apps(Connection& connection, Sighting const& sighting) {
    std::vector<std::string> gone;
    auto known = connection.prepare("SELECT app FROM fleet_node_apps WHERE node_id = ?");
    known.bind(sighting.node_id);
    while (known.next()) {
        auto const app = known.text(0);
        auto const same = [&app](v1::RunningApp const& running) { return running.app() == app; };
        if (std::none_of(sighting.apps.begin(), sighting.apps.end(), same)) gone.push_back(app);
    }
    for (auto const& app : gone) {
        connection.prepare("DELETE FROM fleet_node_apps WHERE node_id = ? AND app = ?")
            .bind(sighting.node_id)
            .bind(app)
            .run();
    }
    for (auto const& running : sighting.apps) {
        connection
            .prepare(
                "INSERT INTO fleet_node_apps (node_id, app, channel, version) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (node_id, app) DO UPDATE SET channel = excluded.channel, version = excluded.version")
            .bind(sighting.node_id)
            .bind(running.app())
            .bind(running.channel())
            .bind(running.version())
            .run();
    }
}

void keep_the_latest_nodes(Connection& connection, std::int64_t most) {
    auto count = connection.prepare("SELECT count(*) FROM fleet_nodes");
    if (!count.next() || count.integer(0) <= most) return;
    connection
        .prepare(
            "DELETE FROM fleet_nodes WHERE id IN "
            "(SELECT id FROM fleet_nodes ORDER BY last_seen DESC LIMIT -1 OFFSET ?)")
        .bind(most)
        .run();
}

std::string stored_form(v1::Report report) {
    auto& sources = *report.mutable_sources();
    while (report.ByteSizeLong() > Fleet::kLargestReport && !sources.empty()) {
        auto const kept = sources.size() / 2;
        sources.DeleteSubrange(kept, sources.size() - kept);
    }
    return report.SerializeAsString();
}

Taken judge_report(Connection& connection, v1::Report const& report) {
    auto counted = connection.prepare("SELECT node_id FROM fleet_reports WHERE attempt_id = ?");
    counted.bind(report.attempt_id());
    if (counted.next()) return counted.text(0) == report.node_id() ? Taken::known : Taken::replayed;
    auto last = connection.prepare("SELECT sequence FROM fleet_sequences WHERE node_id = ?");
    last.bind(report.node_id());
    auto const sequence = static_cast<std::int64_t>(report.sequence());
    if (last.next() && last.integer(0) >= sequence) return Taken::replayed;
    connection
        .prepare(
            "INSERT INTO fleet_sequences (node_id, sequence) VALUES (?, ?) "
            "ON CONFLICT (node_id) DO UPDATE SET sequence = excluded.sequence")
        .bind(report.node_id())
        .bind(sequence)
        .run();
    return Taken::fresh;
}

// The bytes it takes.
std::int64_t keep_report(Connection& connection, v1::Report const& report, std::int64_t now) {
    auto const body = stored_form(report);
    connection
        .prepare(
            "INSERT INTO fleet_reports (attempt_id, node_id, app, outcome, received_at, body) "
            "VALUES (?, ?, ?, ?, ?, ?)")
        .bind(report.attempt_id())
        .bind(report.node_id())
        .bind(report.app())
        .bind(std::int64_t{report.outcome()})
        .bind(now)
        .bind_blob(body)
        .run();
    return static_cast<std::int64_t>(body.size());
}

// Reports wait at the node while it is offline: one that ended before another does not replace its outcome.
void apply_report(Connection& connection, v1::Report const& report, std::int64_t now) {
    auto const ended_at = std::min(report.ended_at(), now);  // a node's clock may be ahead
    connection.prepare("UPDATE fleet_nodes SET last_seen = ? WHERE id = ?").bind(now).bind(report.node_id()).run();
    connection
        .prepare(
            "UPDATE fleet_node_apps SET last_outcome = ?, last_detail = ?, last_ended_at = ? "
            "WHERE node_id = ? AND app = ? AND last_ended_at <= ?")
        .bind(std::int64_t{report.outcome()})
        .bind(report.detail())
        .bind(ended_at)
        .bind(report.node_id())
        .bind(report.app())
        .bind(ended_at)
        .run();
    if (connection.changed_rows() == 0 || report.outcome() != v1::OUTCOME_COMMITTED) return;
    connection.prepare("UPDATE fleet_node_apps SET version = ? WHERE node_id = ? AND app = ?")
        .bind(report.to_version())
        .bind(report.node_id())
        .bind(report.app())
        .run();
}

std::int64_t count_report_bytes(Connection& connection) {
    auto sum = connection.prepare("SELECT coalesce(sum(length(body)), 0) FROM fleet_reports");
    return sum.next() ? sum.integer(0) : 0;
}

v1::NodeSummary summary_of(store::Statement const& row) {
    v1::NodeSummary summary;
    summary.set_node_id(row.text(0));
    summary.set_name(row.text(1));
    summary.set_address(row.text(2));
    summary.set_platform(row.text(3));
    summary.set_last_seen(row.integer(4));
    return summary;
}

void add_app(v1::NodeSummary& summary, store::Statement const& row) {
    if (row.null(5)) return;
    auto& app = *summary.add_apps();
    app.set_app(row.text(5));
    app.set_channel(row.text(6));
    app.set_version(row.text(7));
    auto const outcome = static_cast<int>(row.integer(8));
    app.set_last_outcome(v1::Outcome_IsValid(outcome) ? static_cast<v1::Outcome>(outcome) : v1::OUTCOME_UNSPECIFIED);
    app.set_last_detail(row.text(9));
}

}  // namespace

std::string_view fleet_schema() {
    return R"sql(
CREATE TABLE fleet_nodes (
    id            TEXT    NOT NULL PRIMARY KEY,
    name          TEXT    NOT NULL,
    address       TEXT    NOT NULL,
    platform      TEXT    NOT NULL,
    agent_version TEXT    NOT NULL,
    last_seen     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE fleet_node_apps (
    node_id       TEXT    NOT NULL REFERENCES fleet_nodes (id) ON DELETE CASCADE,
    app           TEXT    NOT NULL,
    channel       TEXT    NOT NULL,
    version       TEXT    NOT NULL,
    last_outcome  INTEGER NOT NULL DEFAULT 0,
    last_detail   TEXT    NOT NULL DEFAULT '',
    last_ended_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (node_id, app)
) STRICT, WITHOUT ROWID;
CREATE TABLE fleet_reports (
    number        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    attempt_id    TEXT    NOT NULL UNIQUE,
    node_id       TEXT    NOT NULL,
    app           TEXT    NOT NULL,
    outcome       INTEGER NOT NULL,
    received_at   INTEGER NOT NULL,
    body          BLOB    NOT NULL
) STRICT;
)sql";
}

std::string_view sequence_schema() {
    return R"sql(
CREATE TABLE fleet_sequences (
    node_id  TEXT    NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";
}

Result<std::vector<std::string>> Fleet::note(std::span<Sighting const> sightings) {
    using Ids = std::vector<std::string>;
    if (sightings.empty()) return Ids();
    return database_.write([this, sightings](Connection& connection) -> Result<Ids> {
        auto seen = connection.prepare("UPDATE fleet_nodes SET last_seen = ? WHERE id = ?");
        bool any_changed = false;
        Ids unknown;
        for (auto const& sighting : sightings) {
            any_changed = any_changed || sighting.changed;
            if (sighting.changed) {
                write_node(connection, sighting);
                write_apps(connection, sighting);
            } else {
                seen.bind(sighting.last_seen).bind(sighting.node_id).run();
                if (connection.changed_rows() == 0) unknown.push_back(sighting.node_id);
            }
        }
        if (any_changed) keep_the_latest_nodes(connection, most_nodes_);
        return unknown;
    });
}

Result<std::vector<Taken>> Fleet::take(std::span<ReceivedReport const> reports, std::chrono::sys_seconds now) {
    if (reports.empty()) return std::vector<Taken>();
    auto const seconds = std::int64_t{now.time_since_epoch().count()};
    auto taken = database_.write([this, reports, seconds](Connection& connection) -> Result<std::vector<Taken>> {
        if (!report_bytes_) report_bytes_ = count_report_bytes(connection);
        std::vector<Taken> all;
        for (auto const& received : reports) {
            all.push_back(judge_report(connection, received.report));
            if (all.back() != Taken::fresh) continue;
            *report_bytes_ += keep_report(connection, received.report, seconds);
            apply_report(connection, received.report, seconds);
        }
        keep_the_latest_reports(connection);
        return all;
    });
    if (!taken) report_bytes_.reset();
    return taken;
}

void Fleet::keep_the_latest_reports(Connection& connection) {
    auto newest = connection.prepare("SELECT coalesce(max(number), 0) FROM fleet_reports");
    if (!newest.next()) return;
    auto const too_old = newest.integer(0) - kMostReports;
    auto oldest = connection.prepare("SELECT number, length(body) FROM fleet_reports ORDER BY number");
    std::int64_t last = 0;
    while (oldest.next() && (oldest.integer(0) <= too_old || *report_bytes_ > most_report_bytes_)) {
        last = oldest.integer(0);
        *report_bytes_ -= oldest.integer(1);
    }
    if (last > 0) connection.prepare("DELETE FROM fleet_reports WHERE number <= ?").bind(last).run();
}

Result<std::vector<v1::NodeSummary>> Fleet::nodes() {
    return database_.read([](Connection& connection) -> Result<std::vector<v1::NodeSummary>> {
        auto rows = connection.prepare(
            "SELECT id, name, address, platform, last_seen, app, channel, version, last_outcome, last_detail "
            "FROM fleet_nodes LEFT JOIN fleet_node_apps ON node_id = id ORDER BY name, id, app");
        std::vector<v1::NodeSummary> nodes;
        while (rows.next()) {
            if (nodes.empty() || nodes.back().node_id() != rows.text(0)) nodes.push_back(summary_of(rows));
            add_app(nodes.back(), rows);
        }
        return nodes;
    });
}

Result<std::uint32_t> Fleet::expected_nodes() {
    return database_.read([](Connection& connection) -> Result<std::uint32_t> {
        auto count = connection.prepare("SELECT count(*) FROM fleet_nodes");
        return count.next() ? static_cast<std::uint32_t>(count.integer(0)) : 0;
    });
}

}  // namespace lanyard::fleet
