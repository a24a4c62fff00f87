#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "manifests/store/database.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/report.pb.h"
#include "proto/schema/lanyard/v1/status.pb.h"
#include "seeder/fleet/sightings.h"

namespace lanyard::fleet {

// Tables it needs, for the owner's list of migrations.
std::string_view fleet_schema();

struct ReceivedReport {
    v1::Report report;  // has passed check_input
    std::string address;
};

// What nodes have told, in the database. Blocking: while the seeder serves, for the disk pool, one call at a time.
class Fleet {
public:
    static constexpr std::int64_t kMostReports = 100'000;  // the oldest go first

    explicit Fleet(store::Database& database, std::size_t most_nodes = Sightings::kMostNodes)
        : database_(database), most_nodes_(static_cast<std::int64_t>(most_nodes)) {}

    // All or nothing. When there are too many nodes, those not seen for longest go first.
    Status note(std::span<Sighting const> sightings);

    // All or nothing; for each whether it is new: a report is sent until it is acknowledged, and counts once.
    Result<std::vector<bool>> take(std::span<ReceivedReport const> reports, std::chrono::sys_seconds now);

    // By name.
    Result<std::vector<v1::NodeSummary>> nodes();

    // How many nodes may want the next release: those heard of, ever.
    Result<std::uint32_t> expected_nodes();

private:
    store::Database& database_;
    std::int64_t most_nodes_;
};

}  // namespace lanyard::fleet
