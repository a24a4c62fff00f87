#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
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
std::string_view sequence_schema();  // came later

enum class Taken {
    fresh,
    known,     // it has been counted already
    replayed,  // out of order: its number is not above that of an earlier report of the node, or its attempt is
               // another's
};

struct ReceivedReport {
    v1::Report report;  // has passed check_input
    std::string address;
};

// What nodes have told, in the database. Blocking: while the seeder serves, for the disk pool, one call at a time.
class Fleet {
public:
    static constexpr std::int64_t kMostReports = 100'000;  // the oldest go first

    static constexpr std::int64_t kMostReportBytes = 64 * 1024 * 1024;  // the same
    static constexpr std::size_t kLargestReport = 16 * 1024;            // the list of sources is shortened

    explicit Fleet(store::Database& database, std::size_t most_nodes = Sightings::kMostNodes,
                   std::int64_t most_report_bytes = kMostReportBytes)
        : database_(database),
          most_nodes_(static_cast<std::int64_t>(most_nodes)),
          most_report_bytes_(most_report_bytes) {}

    // All or nothing. When there are too many nodes, those not seen for longest go first. Gives the ids of nodes that
    // have merely been seen and are not in the database: it has to hear all about them again.
    Result<std::vector<std::string>> note(std::span<Sighting const> sightings);

    // All or nothing. A report is sent until it is acknowledged, and counts once; what is replayed changes nothing. A
    // report makes no node and no application that note() has not told of.
    Result<std::vector<Taken>> take(std::span<ReceivedReport const> reports, std::chrono::sys_seconds now);

    // By name.
    Result<std::vector<v1::NodeSummary>> nodes();

    // How many nodes may want the next release: those heard of, ever.
    Result<std::uint32_t> expected_nodes();

private:
    void keep_the_latest_reports(store::Connection& connection);

    store::Database& database_;
    std::int64_t most_nodes_;
    std::int64_t most_report_bytes_;
    std::optional<std::int64_t> report_bytes_;  // in the database; unknown: to be counted
};

}  // namespace lanyard::fleet
