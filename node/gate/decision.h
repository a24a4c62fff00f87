#pragma once

#include <optional>
#include <string>
#include <vector>

#include "node/gate/facts.h"
#include "node/gate/policy.h"

namespace lanyard::gate {

// One thing that the policy looks at.
struct Check {
    enum class Standing { fine, closed, waived, not_asked };
    // comfort: over at the deadline. work: something could be lost; over when the grace is. order: never over.
    enum class Weight { order, work, comfort };

    char const* name;  // stable: "window", "busy", ...
    Weight weight = Weight::comfort;
    bool sensed = false;  // by a sensor, so that it breaks a quiet stretch
    Standing standing = Standing::not_asked;
    bool unknown = false;  // closed because nobody can tell
    std::string says{};    // for people
    std::string source{};  // where that comes from
    std::string waived{};  // why it does not count, though it speaks against it; only while waived
    std::string mend{};    // what must change; only while closed
    TimePoint opens{};     // not before then, as far as anybody can tell; only while closed

    bool closed() const { return standing == Standing::closed; }
    bool fine() const { return standing == Standing::fine; }
};

// What ends when: before the deadline everything counts; from the deadline on, what is only a comfort does not; when
// the grace is over too, nothing but an operator's hold does. Not knowing counts as busy for as long as a thing counts.
enum class Stage { at_leisure, deadline_passed, grace_over };

struct Decision {
    bool open = false;
    std::vector<std::string> reasons{};  // why it is closed, for people; empty when open
    std::string because{};               // why it is open: "not busy, window 22:00-05:00 open, 0 connections"
    TimePoint earliest{};  // could be open then, as far as anybody can tell; the time asked about when open
    Stage stage = Stage::at_leisure;
    std::optional<TimePoint> deadline{};  // nothing: it is never forced
    std::optional<TimePoint> forced{};    // deadline and grace
    std::vector<Check> checks{};          // all that were looked at, in order

    // No sensor that was asked speaks against it.
    bool quiet() const;
};

// May the application be interrupted at `now`? The windows are judged by the wall clock.
Decision decide(Policy const& policy, Facts const& facts, TimePoint now);

// When its deadline is. One that passed while the node was away comes the grace after it is back: nobody is surprised
// on the first morning, and only once, for a later absence begins after it.
std::optional<TimePoint> deadline_of(Policy const& policy, Facts const& facts);

}  // namespace lanyard::gate
