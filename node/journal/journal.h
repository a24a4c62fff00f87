#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "node/check/offer.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/report.pb.h"

namespace lanyard::journal {

enum class Phase { fetch, stage, wait_idle, drain, apply, probe, commit, roll_back };

char const* text(Phase phase);  // "fetch", ...

// One walk of one offer through the pipeline.
struct Attempt {
    std::string id;  // 32 hex digits
    check::Offer offer;
    Phase phase = Phase::fetch;
    unsigned starts = 0;  // how often the new release was started in this attempt
};

// What the node remembers of its attempts and releases. Written before a phase begins, so that after a crash the
// pipeline knows what may have happened. Every call is one durable transaction.
class Journal {
public:
    virtual ~Journal() = default;

    virtual Result<Attempt> begin(check::Offer const& offer) = 0;
    virtual Status enter(Attempt& attempt, Phase phase) = 0;
    virtual Status count_start(Attempt& attempt) = 0;
    // The attempt is over: the installed and previous releases change (committed), the release is put into quarantine
    // (rolled_back), and the report goes into the outbox. All in one transaction.
    virtual Status end(Attempt const& attempt, v1::Report const& report) = 0;
    // The attempt that was under way when the node died.
    virtual Result<std::optional<Attempt>> unfinished() = 0;
};

}  // namespace lanyard::journal
