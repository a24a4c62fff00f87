#pragma once

#include <string_view>

#include "manifests/store/database.h"

namespace lanyard::journal {

// Table of the seal, for the owner's list of migrations.
std::string_view seal_schema();

// A checksum, in the database, of all that decides what a node does next: what is installed, which attempts are under
// way, what is in quarantine, the last number of a report. SQLite sees damage in its own structures only; a changed
// byte in a row would be taken for what was signed, or for a counter that no release ever reaches.
void seal(store::Connection& db);

// Errc::damaged when the rows are not what they were. A database that was never sealed holds.
Status check_seal(store::Database& database);

// A write after which the seal holds.
template <class Body>
Status write_sealed(store::Database& database, Body body) {
    return database.write([&](store::Connection& db) -> Status {
        auto done = body(db);
        if (done) seal(db);
        return done;
    });
}

}  // namespace lanyard::journal
