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

bool keep_report(Connection& connection, v1::Report const& report, std::int64_t now) {
    connection
        .prepare(
            "INSERT INTO fleet_reports (attempt_id, node_id, app, outcome, received_at, body) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (attempt_id) DO NOTHING")
        .bind(report.attempt_id())
        .bind(report.node_id())
        .bind(report.app())
        .bind(std::int64_t{report.outcome()})
        .bind(now)
        .bind_blob(report.SerializeAsString())
        .run();
    return connection.changed_rows() > 0;
}

// Reports wait at the node while it is offline: one that ended before another does not replace its outcome.
void apply_report(Connection& connection, ReceivedReport const& received, std::int64_t now) {
    auto const& report = received.report;
    auto const ended_at = std::min(report.ended_at(), now);  // a node's clock may be ahead
    connection
        .prepare(
            "INSERT INTO fleet_nodes (id, name, address, platform, agent_version, last_seen) "
            "VALUES (?, ?, ?, '', '', ?) ON CONFLICT (id) DO UPDATE SET last_seen = excluded.last_seen")
        .bind(report.node_id())
        .bind(report.node_name())
        .bind(received.address)
        .bind(now)
        .run();
    connection
        .prepare(
            "INSERT INTO fleet_node_apps (node_id, app, channel, version, last_outcome, last_detail, last_ended_at) "
            "VALUES (?, ?, '', ?, ?, ?, ?) ON CONFLICT (node_id, app) DO UPDATE SET "
            "last_outcome = excluded.last_outcome, last_detail = excluded.last_detail, "
            "last_ended_at = excluded.last_ended_at WHERE excluded.last_ended_at >= last_ended_at")
        .bind(report.node_id())
        .bind(report.app())
        .bind(report.outcome() == v1::OUTCOME_COMMITTED ? report.to_version() : report.from_version())
        .bind(std::int64_t{report.outcome()})
        .bind(report.detail())
        .bind(ended_at)
        .run();
    if (report.outcome() != v1::OUTCOME_COMMITTED) return;
    connection.prepare("UPDATE fleet_node_apps SET version = ? WHERE node_id = ? AND app = ? AND last_ended_at = ?")
        .bind(report.to_version())
        .bind(report.node_id())
        .bind(report.app())
        .bind(ended_at)
        .run();
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

Status Fleet::note(std::span<Sighting const> sightings) {
    if (sightings.empty()) return {};
    return database_.write([this, sightings](Connection& connection) -> Status {
        auto seen = connection.prepare("UPDATE fleet_nodes SET last_seen = ? WHERE id = ?");
        bool any_changed = false;
        for (auto const& sighting : sightings) {
            any_changed = any_changed || sighting.changed;
            if (sighting.changed) {
                write_node(connection, sighting);
                write_apps(connection, sighting);
            } else {
                seen.bind(sighting.last_seen).bind(sighting.node_id).run();
            }
        }
        if (any_changed) keep_the_latest_nodes(connection, most_nodes_);
        return {};
    });
}

Result<std::vector<bool>> Fleet::take(std::span<ReceivedReport const> reports, std::chrono::sys_seconds now) {
    if (reports.empty()) return std::vector<bool>();
    auto const seconds = std::int64_t{now.time_since_epoch().count()};
    return database_.write([this, reports, seconds](Connection& connection) -> Result<std::vector<bool>> {
        std::vector<bool> fresh;
        for (auto const& received : reports) {
            fresh.push_back(keep_report(connection, received.report, seconds));
            if (fresh.back()) apply_report(connection, received, seconds);
        }
        keep_the_latest_nodes(connection, most_nodes_);
        connection.prepare("DELETE FROM fleet_reports WHERE number <= (SELECT max(number) FROM fleet_reports) - ?")
            .bind(kMostReports)
            .run();
        return fresh;
    });
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
