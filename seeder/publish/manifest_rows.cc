#include "seeder/publish/manifest_rows.h"

#include <optional>

#include "seeder/publish/errc.h"

namespace lanyard::publish {
namespace {

using trust::RoleName;

constexpr std::string_view kSchema = R"sql(
CREATE TABLE metadata (
    role TEXT NOT NULL CHECK (role IN ('root', 'targets', 'snapshot', 'timestamp')),
    version INTEGER NOT NULL CHECK (version > 0),
    expires INTEGER NOT NULL,
    envelope BLOB NOT NULL,
    PRIMARY KEY (role, version)
) STRICT;
)sql";

constexpr std::string_view kDelegatedSchema = R"sql(
CREATE TABLE delegated_metadata (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL CHECK (version > 0),
    expires INTEGER NOT NULL,
    envelope BLOB NOT NULL
) STRICT;
)sql";

std::vector<SignedRole> rows_of(store::Connection& connection, RoleName role) {
    auto statement =
        connection.prepare("SELECT version, expires, envelope FROM metadata WHERE role = ?1 ORDER BY version");
    statement.bind(std::string_view(trust::text(role)));
    std::vector<SignedRole> rows;
    while (statement.next()) {
        rows.push_back({static_cast<std::uint64_t>(statement.integer(0)), statement.integer(1), statement.blob(2)});
    }
    return rows;
}

}  // namespace

std::string_view metadata_schema() { return kSchema; }

std::string_view delegated_metadata_schema() { return kDelegatedSchema; }

Result<Manifest> read_manifest(store::Connection& connection) {
    Manifest manifest;
    manifest.roots = rows_of(connection, RoleName::root);
    if (manifest.roots.empty()) {
        return fail(Errc::not_initialised,
                    "seeder.db holds no repository: run `lanyard-seeder init` on an empty state directory; after an "
                    "`init` with keys that are elsewhere, import its request once it is signed");
    }
    for (auto const role : {RoleName::targets, RoleName::snapshot, RoleName::timestamp}) {
        auto rows = rows_of(connection, role);
        if (rows.empty()) {
            return fail(Errc::damaged_manifest,
                        std::string("seeder.db holds no ") + trust::text(role) + " metadata: restore it from a backup");
        }
        auto& place = role == RoleName::targets    ? manifest.targets
                      : role == RoleName::snapshot ? manifest.snapshot
                                                   : manifest.timestamp;
        place = std::move(rows.back());
    }
    auto statement = connection.prepare("SELECT name, version, expires, envelope FROM delegated_metadata");
    while (statement.next()) {
        manifest.delegated[statement.text(0)] = {static_cast<std::uint64_t>(statement.integer(1)), statement.integer(2),
                                                 statement.blob(3)};
    }
    return manifest;
}

void put_delegated(store::Connection& connection, std::string const& name, SignedRole const& signed_role) {
    connection
        .prepare("INSERT OR REPLACE INTO delegated_metadata (name, version, expires, envelope) VALUES (?1, ?2, ?3, ?4)")
        .bind(name)
        .bind(static_cast<std::int64_t>(signed_role.version))
        .bind(signed_role.expires)
        .bind_blob(signed_role.envelope)
        .run();
}

void put_role(store::Connection& connection, RoleName role, SignedRole const& signed_role) {
    std::string_view const name = trust::text(role);
    if (role != RoleName::root) connection.prepare("DELETE FROM metadata WHERE role = ?1").bind(name).run();
    connection.prepare("INSERT INTO metadata (role, version, expires, envelope) VALUES (?1, ?2, ?3, ?4)")
        .bind(name)
        .bind(static_cast<std::int64_t>(signed_role.version))
        .bind(signed_role.expires)
        .bind_blob(signed_role.envelope)
        .run();
}

}  // namespace lanyard::publish
