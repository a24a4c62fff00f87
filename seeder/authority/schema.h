#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "manifests/store/database.h"

namespace lanyard::authority {

// Tables it needs, for the owner's list of migrations, in this order.
std::string_view authority_schema();
std::string_view forgetting_schema();

// Counts every change of nodes and operators; a row that changes carries the number. To be called within a write.
std::int64_t next_revision(store::Connection& connection);
// A change, too: rows have gone, so that who has a copy of them reads all anew.
void note_forgotten(store::Connection& connection);

inline std::int64_t seconds_of(std::chrono::sys_seconds time) { return time.time_since_epoch().count(); }

}  // namespace lanyard::authority
