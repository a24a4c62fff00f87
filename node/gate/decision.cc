#include "node/gate/decision.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "node/gate/checks.h"

namespace lanyard::gate {
namespace {

using Standing = Check::Standing;
using Weight = Check::Weight;

bool agreed_now(Wait const& wait, TimePoint now) {
    return wait.agreed_from && wait.agreed_until && *wait.agreed_from <= now && now < *wait.agreed_until;
}

void waive(Check& check, std::string const& why) {
    check.standing = Standing::waived;
    check.waived = why;
    check.unknown = false;
    check.mend.clear();
}

void waive(std::vector<Check>& checks, Weight most, std::string const& why) {
    for (auto& check : checks) {
        if (check.weight >= most && check.closed()) waive(check, why);
    }
}

void waive_windows(std::vector<Check>& checks) {
    for (auto& check : checks) {
        if (std::string_view(check.name) != "window" && std::string_view(check.name) != "slot") continue;
        if (check.closed()) waive(check, "a critical release does not wait for it");
    }
}

Check check_quiet(Policy const& policy, Facts const& facts, TimePoint now) {
    Check check{.name = "quiet", .source = "the sensors above, looked at again and again"};
    if (policy.quiet.count() == 0) return check;
    bool const long_enough = facts.quiet_for >= policy.quiet;
    check.standing = long_enough ? Standing::fine : Standing::closed;
    check.says = long_enough ? fmt::format("quiet for {}", in_words(facts.quiet_for))
                             : fmt::format("all has been quiet for {}; {} in a row are needed",
                                           in_words(facts.quiet_for), in_words(policy.quiet));
    if (long_enough) return check;
    check.opens = now + policy.quiet - facts.quiet_for;
    check.mend = fmt::format("it must stay quiet for {} more", in_words(policy.quiet - facts.quiet_for));
    return check;
}

Check check_notes(Facts const& facts) {
    Check check{.name = "notes", .weight = Weight::order, .source = "node.db"};
    if (facts.trouble.empty()) return check;
    check.standing = Standing::closed;
    check.unknown = true;
    check.says = "the node cannot read what people have decided: " + facts.trouble;
    check.mend = "see to the disk of the node's state directory";
    return check;
}

TimePoint latest(std::vector<Check> const& checks, Weight most, TimePoint from) {
    for (auto const& check : checks) {
        if (check.closed() && check.weight <= most) from = std::max(from, check.opens);
    }
    return from;
}

bool counts(std::vector<Check> const& checks, std::string_view name) {
    return std::any_of(checks.begin(), checks.end(),
                       [&](auto const& check) { return check.name == name && (check.closed() || check.fine()); });
}

// Taken before anything is waived by the deadline.
TimePoint earliest(Policy const& policy, Decision const& decision, TimePoint now) {
    auto soon = latest(decision.checks, Weight::comfort, now);
    // What ends while the window is shut waits for the next one.
    if (counts(decision.checks, "window")) soon = next_inside(policy.windows, soon, policy.zone);
    if (!decision.deadline) return soon;
    auto const at_deadline = std::max(*decision.deadline, latest(decision.checks, Weight::work, now));
    auto const forced = std::max(*decision.forced, latest(decision.checks, Weight::order, now));
    return std::min({soon, at_deadline, forced});
}

std::string because(Decision const& decision, Facts const& facts, Policy const& policy, TimePoint now) {
    std::vector<std::string> words;
    if (!facts.running) words.emplace_back("nothing ran yet, so nobody was disturbed");
    if (decision.stage == Stage::deadline_passed) {
        words.push_back(fmt::format("its deadline {} had passed", policy.zone.text(*decision.deadline, now)));
    }
    if (decision.stage == Stage::grace_over) {
        words.push_back(fmt::format("its deadline {} and {} of grace had passed",
                                    policy.zone.text(*decision.deadline, now), in_words(policy.grace)));
    }
    if (agreed_now(facts.wait, now)) words.emplace_back("a person had agreed to this night");
    for (auto const& check : decision.checks) {
        if (check.fine() && check.weight != Weight::order) words.push_back(check.says);
    }
    // What was passed over stands in the history.
    for (auto const& check : decision.checks) {
        if (facts.running && check.standing == Standing::waived) {
            words.push_back(fmt::format("although {} ({})", check.says, check.waived));
        }
    }
    return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

bool Decision::quiet() const {
    return std::none_of(checks.begin(), checks.end(), [](Check const& c) { return c.sensed && c.closed(); });
}

std::optional<TimePoint> deadline_of(Policy const& policy, Facts const& facts) {
    if (policy.never_force || !facts.running || facts.wait.package.empty()) return std::nullopt;
    auto const& wait = facts.wait;
    std::optional<TimePoint> due;
    auto const sooner = [&](TimePoint limit) { due = std::min(due.value_or(limit), limit); };
    if (policy.deadline) sooner(wait.discovered + *policy.deadline);
    // What a release asks for and was not noted yet counts from the discovery.
    auto const& urgency = facts.urgency;
    if (wait.release_due) {
        sooner(*wait.release_due);
    } else if (urgency.deadline) {
        sooner(wait.discovered + *urgency.deadline);
    }
    if (wait.critical_since || urgency.critical) {
        sooner(wait.critical_since.value_or(wait.discovered) + policy.critical_deadline);
    }
    bool const missed = due && wait.left && wait.back && *wait.left <= *due && *due < *wait.back;
    return missed ? *wait.back + policy.grace : due;
}

Decision decide(Policy const& policy, Facts const& facts, TimePoint now) {
    Decision decision{.earliest = now};
    auto& checks = decision.checks;
    checks.push_back(check_notes(facts));
    for (auto const group : {check_orders, check_times, check_sensors}) {
        auto some = group(policy, facts, now);
        std::move(some.begin(), some.end(), std::back_inserter(checks));
    }
    checks.push_back(check_quiet(policy, facts, now));

    decision.deadline = deadline_of(policy, facts);
    if (decision.deadline) decision.forced = *decision.deadline + policy.grace;
    if (!facts.running) waive(checks, Weight::work, "nothing runs yet, so nobody is disturbed");
    if (facts.urgency.critical && !policy.never_force) waive_windows(checks);
    if (agreed_now(facts.wait, now)) waive(checks, Weight::comfort, "a person agreed to this night");
    decision.earliest = earliest(policy, decision, now);

    if (decision.forced && now >= *decision.forced) {
        decision.stage = Stage::grace_over;
        waive(checks, Weight::work, "its deadline and the grace are over");
    } else if (decision.deadline && now >= *decision.deadline) {
        decision.stage = Stage::deadline_passed;
        waive(checks, Weight::comfort, "its deadline is over");
    }
    for (auto const& check : checks) {
        if (check.closed()) decision.reasons.push_back(check.says);
    }
    decision.open = decision.reasons.empty();
    if (decision.open) {
        decision.earliest = now;
        decision.because = because(decision, facts, policy, now);
    }
    return decision;
}

}  // namespace lanyard::gate
