#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/check/offer.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/report.pb.h"

namespace lanyard::journal {

enum class Phase { fetch, stage, wait_idle, drain, apply, probe, commit, roll_back };

char const* text(Phase phase);  // "fetch", ...
std::optional<Phase> phase_named(std::string_view text);

// One walk of one offer through the pipeline.
struct Attempt {
    std::string id;  // 32 hex digits
    check::Offer offer;
    Phase phase = Phase::fetch;
    unsigned starts = 0;  // how often the new release was started in this attempt
    unsigned drains = 0;  // how often the application was begun to be stopped in this attempt
    v1::Report draft{};   // what is known for the report so far; enter() keeps it
};

// What the node remembers of its attempts and releases. Written before a phase begins, so that after a crash the
// pipeline knows what may have happened. Every call is one durable transaction.
class Journal {
public:
    virtual ~Journal() = default;

    // An attempt whose first phase will be `first`; enter() it next. Refuses when the application has an attempt under
    // way.
    virtual Result<Attempt> begin(check::Offer const& offer, Phase first) = 0;
    virtual Status enter(Attempt& attempt, Phase phase) = 0;
    virtual Status count_start(Attempt& attempt) = 0;
    // Takes the last start back: the node was told to stop, which is not the release's doing.
    virtual Status discount_start(Attempt& attempt) = 0;
    // The attempt is over: the installed and previous releases change (committed), the release is put into quarantine
    // (rolled_back; when it was the installed one, the one it goes back to is installed now), and the report goes into
    // the outbox. All in one transaction. Who, what, when and the phase times are filled into the report here.
    virtual Status end(Attempt const& attempt, v1::Report report) = 0;
    // The attempts that were under way when the node died, the oldest first; at most one an application.
    virtual Result<std::vector<Attempt>> unfinished() = 0;
    // The release that is kept for a way back; nothing when there is none.
    virtual Result<std::optional<release::Target>> previous(release::AppId const& app) = 0;
};

}  // namespace lanyard::journal
