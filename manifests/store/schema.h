#pragma once

#include <span>
#include <string>
#include <string_view>

namespace SQLite {
class Database;
}

namespace lanyard::store {

// Every table, index and trigger, as it was made: equal for databases that the same migrations have made.
std::string schema_of(SQLite::Database& db);
// What schema_of() gives after these.
std::string schema_after(std::span<std::string_view const> migrations);

}  // namespace lanyard::store
