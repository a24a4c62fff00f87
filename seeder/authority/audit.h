#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "manifests/store/database.h"
#include "proto/outcome/result.h"

namespace lanyard::authority {

// Who gives an order, and from where.
struct Actor {
    std::string who;     // "operator anna", "user root", "user 1000"
    std::string source;  // "here", "socket", or an IP address
};

struct AuditEntry {
    std::int64_t number = 0;  // given by note()
    std::int64_t at = 0;      // Unix seconds
    Actor actor;
    std::string what;
    std::string outcome;  // "done", or why it failed or was refused
    bool refused = false;
};

// What operators have done, and what was refused to whom. Entries are never changed.
class Audit {
public:
    // The oldest go first; refusals have a room of their own, so that a flood of them cannot wash away the orders.
    static constexpr std::int64_t kMostOrders = 100'000;
    static constexpr std::int64_t kMostRefusals = 10'000;
    static constexpr std::size_t kMostAtOnce = 100;

    explicit Audit(store::Database& database) : database_(database) {}

    Status note(AuditEntry const& entry);

    Result<std::vector<AuditEntry>> latest(std::uint32_t limit);  // newest first
    // Those behind `number`, oldest first, at most kMostAtOnce.
    Result<std::vector<AuditEntry>> after(std::int64_t number);
    Result<std::int64_t> last_number();

private:
    store::Database& database_;
};

}  // namespace lanyard::authority
