#include "node/gate/wait.h"

#include <fmt/format.h>

#include <algorithm>

#include "node/gate/decision.h"
#include "node/gate/errc.h"

namespace lanyard::gate {
namespace {

// Longer without an offer, and the next one is a matter of its own.
constexpr std::chrono::hours kSameMatter{24};
// Between two notes of the same thing; also how exactly a clock that was set is noticed.
constexpr std::chrono::minutes kNoteEvery{60};
constexpr std::chrono::minutes kClockSlack{2};
// So long without a note, and the node was away.
constexpr std::chrono::minutes kAway{2 * kNoteEvery};

Status something_waits(Wait const& wait) {
    if (!wait.package.empty()) return {};
    return fail(Errc::nothing_waits,
                "nothing waits to be installed, so there is nothing to decide: see lanyard-node why");
}

// All that was noted is so much later now.
void move(Wait& wait, std::chrono::seconds by) {
    wait.discovered += by;
    wait.seen += by;
    for (auto* const time : {&wait.critical_since, &wait.release_due, &wait.left, &wait.back, &wait.postponed_until,
                             &wait.agreed_from, &wait.agreed_until, &wait.held_until}) {
        if (*time) **time += by;
    }
}

}  // namespace

Wait noticed(Wait wait, Urgency const& urgency, std::string const& package, std::string const& running, TimePoint now) {
    wait = caught_up(std::move(wait), now);
    bool const same_matter =
        !wait.package.empty() && wait.running == running && (wait.package == package || now - wait.seen < kSameMatter);
    if (!same_matter) {
        wait = Wait{.running = running, .discovered = now, .held_until = wait.held_until, .set_back = wait.set_back};
    }
    if (urgency.critical && !wait.critical_since) wait.critical_since = now;
    if (urgency.deadline) {
        TimePoint const due = now + *urgency.deadline;
        wait.release_due = std::min(wait.release_due.value_or(due), due);
    }
    if (wait.package != package || now - wait.seen >= kNoteEvery) wait.seen = now;
    wait.package = package;
    return wait;
}

Wait caught_up(Wait wait, TimePoint now) {
    auto const silence = now - wait.seen;
    if (silence < -kClockSlack) {
        move(wait, silence);
        // What is less cannot be told from the time between two notes, and matters little.
        if (-silence >= kAway) wait.set_back -= silence;
    } else if (wait.set_back.count() > 0 && silence + kClockSlack >= wait.set_back) {
        move(wait, std::min<std::chrono::seconds>(wait.set_back, silence));
        wait.set_back = std::chrono::seconds(0);
    }
    if (!wait.package.empty() && now - wait.seen >= kAway) {
        wait.left = wait.seen;
        wait.back = now;
    }
    return wait;
}

Result<Wait> postponed(Wait wait, Policy const& policy, Urgency const& urgency, std::chrono::minutes span,
                       TimePoint now) {
    if (auto const waits = something_waits(wait); !waits) return pass_on(waits);
    if (span > policy.longest_postponement) {
        return fail(Errc::too_long, fmt::format("{} is too long: an update may be postponed by {} at a time",
                                                in_words(span), in_words(policy.longest_postponement)));
    }
    if (wait.postponements >= policy.postponements) {
        return fail(Errc::refused, fmt::format("it has been postponed {} times, and may be {} times: it comes when the "
                                               "machine is idle, or choose the time: lanyard-node update --tonight",
                                               wait.postponements, policy.postponements));
    }
    Facts const facts{.running = !wait.running.empty(), .urgency = urgency, .wait = wait};
    auto const deadline = deadline_of(policy, facts);
    if (deadline && now >= *deadline) {
        return fail(Errc::refused, fmt::format("its deadline was {}: it cannot be postponed any more",
                                               policy.zone.text(*deadline, now)));
    }
    auto until = now + span;
    if (deadline) until = std::min<TimePoint>(until, *deadline);
    wait.postponed_until = until;
    wait.agreed_from.reset();
    wait.agreed_until.reset();
    ++wait.postponements;
    wait.seen = now;
    return wait;
}

Result<Wait> agreed_to_tonight(Wait wait, Policy const& policy, TimePoint now) {
    if (auto const waits = something_waits(wait); !waits) return pass_on(waits);
    auto const night = tonight(now, policy.zone);
    wait.agreed_from = night.from;
    wait.agreed_until = night.until;
    wait.postponed_until.reset();
    wait.seen = now;
    return wait;
}

Result<Wait> held(Wait wait, std::chrono::minutes span, TimePoint now) {
    if (span > kLongestHold) {
        return fail(Errc::too_long, fmt::format("{} is too long: updates may be held back for {} at a time",
                                                in_words(span), in_words(kLongestHold)));
    }
    wait.held_until = now + span;
    wait.seen = now;
    return wait;
}

Wait released(Wait wait) {
    wait.held_until.reset();
    return wait;
}

}  // namespace lanyard::gate
