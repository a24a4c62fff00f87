#include "manifests/store/schema.h"

#include <SQLiteCpp/SQLiteCpp.h>

namespace lanyard::store {

std::string schema_of(SQLite::Database& db) {
    SQLite::Statement rows(db,
                           "SELECT quote(type) || quote(name) || quote(tbl_name) || quote(sql) FROM sqlite_schema "
                           "ORDER BY type, name");
    std::string schema;
    while (rows.executeStep()) schema += rows.getColumn(0).getString() + '\n';
    return schema;
}

std::string schema_after(std::span<std::string_view const> migrations) {
    SQLite::Database fresh(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    for (auto const script : migrations) fresh.exec(std::string(script));
    return schema_of(fresh);
}

}  // namespace lanyard::store
