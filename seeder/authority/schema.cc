#include "seeder/authority/schema.h"

namespace lanyard::authority {

std::string_view authority_schema() {
    return R"sql(
CREATE TABLE authority_nodes (
    id          TEXT    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    address     TEXT    NOT NULL,
    public_key  BLOB    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('pending', 'accepted', 'rejected', 'revoked')),
    by          TEXT    NOT NULL,
    asked_at    INTEGER NOT NULL,
    decided_at  INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    changed     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX authority_nodes_changed ON authority_nodes (changed);
CREATE INDEX authority_nodes_state ON authority_nodes (state, asked_at);
CREATE TABLE authority_operators (
    name        TEXT    NOT NULL PRIMARY KEY,
    role        TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL UNIQUE,
    made_at     INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    revoked_at  INTEGER,
    changed     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE authority_tokens (
    id          TEXT    NOT NULL PRIMARY KEY,
    secret_hash BLOB    NOT NULL UNIQUE,
    uses        INTEGER NOT NULL,
    used        INTEGER NOT NULL DEFAULT 0,
    made_by     TEXT    NOT NULL,
    made_at     INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE authority_audit (
    number  INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    who     TEXT    NOT NULL,
    source  TEXT    NOT NULL,
    what    TEXT    NOT NULL,
    outcome TEXT    NOT NULL,
    refused INTEGER NOT NULL
) STRICT;
CREATE TABLE authority_revision (
    only     INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO authority_revision (only, revision) VALUES (1, 1);
)sql";
}

std::string_view forgetting_schema() {
    return R"sql(
ALTER TABLE authority_nodes ADD COLUMN neighbourhood TEXT NOT NULL DEFAULT '';
ALTER TABLE authority_revision ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;
)sql";
}

void note_forgotten(store::Connection& connection) {
    auto const revision = next_revision(connection);
    connection.prepare("UPDATE authority_revision SET forgotten = ?").bind(revision).run();
}

std::int64_t next_revision(store::Connection& connection) {
    connection.prepare("UPDATE authority_revision SET revision = revision + 1").run();
    auto row = connection.prepare("SELECT revision FROM authority_revision");
    return row.next() ? row.integer(0) : 0;
}

}  // namespace lanyard::authority
