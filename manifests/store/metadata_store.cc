#include "manifests/store/metadata_store.h"

#include <limits>
#include <vector>

namespace lanyard::store {
namespace {

// What the rows are named; the enumerators' values are nobody's business but the compiler's.
Result<std::string_view> row_name(trust::RoleName role) {
    switch (role) {
        case trust::RoleName::timestamp:
            return "timestamp";
        case trust::RoleName::snapshot:
            return "snapshot";
        case trust::RoleName::targets:
            return "targets";
        case trust::RoleName::root:
            break;
    }
    return fail(Errc::failed, "roots are kept by their version (put_root), not as one role");
}

std::optional<std::string> first_blob(Statement& query) {
    if (!query.next()) return std::nullopt;
    return query.blob(0);
}

}  // namespace

std::string_view MetadataStore::schema() {
    return "CREATE TABLE metadata_root(version INTEGER PRIMARY KEY, envelope BLOB NOT NULL) STRICT;"
           "CREATE TABLE metadata_role(role TEXT PRIMARY KEY, envelope BLOB NOT NULL) STRICT, WITHOUT ROWID;";
}

std::string_view MetadataStore::delegations_schema() {
    return "CREATE TABLE metadata_delegated(role BLOB PRIMARY KEY, envelope BLOB NOT NULL) STRICT, WITHOUT ROWID;"
           "CREATE TABLE metadata_clock(one INTEGER PRIMARY KEY CHECK(one = 1), floor INTEGER NOT NULL) STRICT;";
}

Status MetadataStore::put_root(std::uint64_t version, std::string_view envelope, bool rotated) {
    if (version > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return fail(Errc::failed, "a root of version " + std::to_string(version) + " cannot be stored");
    }
    return database_.write([&](Connection& db) -> Status {
        db.prepare("INSERT OR REPLACE INTO metadata_root(version, envelope) VALUES(?, ?)")
            .bind(static_cast<std::int64_t>(version))
            .bind_blob(envelope)
            .run();
        if (rotated) db.prepare("DELETE FROM metadata_role WHERE role IN ('timestamp', 'snapshot')").run();
        return {};
    });
}

Result<std::optional<std::string>> MetadataStore::newest_root() {
    return database_.read([](Connection& db) -> Result<std::optional<std::string>> {
        auto query = db.prepare("SELECT envelope FROM metadata_root ORDER BY version DESC LIMIT 1");
        return first_blob(query);
    });
}

Result<std::optional<std::string>> MetadataStore::root(std::uint64_t version) {
    return database_.read([&](Connection& db) -> Result<std::optional<std::string>> {
        auto query = db.prepare("SELECT envelope FROM metadata_root WHERE version = ?");
        query.bind(static_cast<std::int64_t>(version));
        return first_blob(query);
    });
}

Status MetadataStore::put(trust::RoleName role, std::string_view envelope) {
    auto const name = row_name(role);
    if (!name) return pass_on(name);
    return database_.write([&](Connection& db) -> Status {
        db.prepare("INSERT OR REPLACE INTO metadata_role(role, envelope) VALUES(?, ?)")
            .bind(*name)
            .bind_blob(envelope)
            .run();
        return {};
    });
}

Result<std::optional<std::string>> MetadataStore::get(trust::RoleName role) {
    if (role == trust::RoleName::root) return newest_root();
    auto const name = row_name(role);
    if (!name) return pass_on(name);
    return database_.read([&](Connection& db) -> Result<std::optional<std::string>> {
        auto query = db.prepare("SELECT envelope FROM metadata_role WHERE role = ?");
        query.bind(*name);
        return first_blob(query);
    });
}

Status MetadataStore::drop(trust::RoleName role) {
    auto const name = row_name(role);
    if (!name) return pass_on(name);
    return database_.write([&](Connection& db) -> Status {
        db.prepare("DELETE FROM metadata_role WHERE role = ?").bind(*name).run();
        return {};
    });
}

Status MetadataStore::put_delegated(std::string_view role, std::string_view envelope) {
    return database_.write([&](Connection& db) -> Status {
        db.prepare("INSERT OR REPLACE INTO metadata_delegated(role, envelope) VALUES(?, ?)")
            .bind_blob(role)
            .bind_blob(envelope)
            .run();
        return {};
    });
}

Result<std::optional<std::string>> MetadataStore::get_delegated(std::string_view role) {
    return database_.read([&](Connection& db) -> Result<std::optional<std::string>> {
        auto query = db.prepare("SELECT envelope FROM metadata_delegated WHERE role = ?");
        query.bind_blob(role);
        return first_blob(query);
    });
}

Status MetadataStore::keep_delegated(std::set<std::string> const& roles) {
    return database_.write([&](Connection& db) -> Status {
        std::vector<std::string> dropped;
        auto query = db.prepare("SELECT role FROM metadata_delegated");
        while (query.next()) {
            if (auto const role = query.blob(0); !roles.contains(role)) dropped.push_back(role);
        }
        for (auto const& role : dropped) {
            db.prepare("DELETE FROM metadata_delegated WHERE role = ?").bind_blob(role).run();
        }
        return {};
    });
}

Status MetadataStore::raise_clock_floor(std::chrono::sys_seconds time) {
    return database_.write([&](Connection& db) -> Status {
        db.prepare(
              "INSERT INTO metadata_clock(one, floor) VALUES(1, ?)"
              " ON CONFLICT(one) DO UPDATE SET floor = excluded.floor WHERE excluded.floor > floor")
            .bind(time.time_since_epoch().count())
            .run();
        return {};
    });
}

Result<std::optional<std::chrono::sys_seconds>> MetadataStore::clock_floor() {
    using Time = std::chrono::sys_seconds;
    return database_.read([](Connection& db) -> Result<std::optional<Time>> {
        auto query = db.prepare("SELECT floor FROM metadata_clock");
        if (!query.next()) return std::nullopt;
        return Time(std::chrono::seconds(query.integer(0)));
    });
}

}  // namespace lanyard::store
