#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifests/release/target.h"
#include "manifests/store/database.h"
#include "node/journal/journal.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/report.pb.h"

namespace lanyard::journal {

using Clock = std::function<std::chrono::system_clock::time_point()>;

// Tables of this room, for the owner's list of migrations.
std::string_view journal_schema();
std::string_view sequence_schema();  // came later

// How many attempts that have ended, and how many reports that wait, are kept; the oldest go.
inline constexpr std::int64_t kKept = 1'000;

// What the tables hold, both ways. Errc::damaged when a row cannot be read back.
std::string bytes_of(release::Target const& target);
Result<release::Target> target_from(std::string const& bytes);
Result<std::optional<release::Target>> target_in(store::Statement const& row, int column);
Result<v1::Report> report_from(std::string const& bytes);
Result<std::vector<Attempt>> unfinished_in(store::Connection& db);

// Binds the next parameter: NULL when there is none.
void bind_optional(store::Statement& statement, std::optional<release::Target> const& target);

void put_into_quarantine(store::Connection& db, release::Target const& target, std::string const& reason,
                         std::int64_t now);

std::int64_t milliseconds_of(std::chrono::system_clock::time_point time);

}  // namespace lanyard::journal
