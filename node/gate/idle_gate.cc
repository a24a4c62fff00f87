#include "node/gate/idle_gate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "node/gate/wait.h"

namespace lanyard::gate {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kBusyPause{5};
// The wall clock can be set while we sleep, and a laptop can be closed: never sleep through a whole night.
constexpr seconds kWindowPause{60};

// A quiet stretch is only known as well as it is looked at.
seconds pause_after(Decision const& decision, Policy const& policy, TimePoint now) {
    if (decision.earliest <= now || policy.quiet.count() > 0) return kBusyPause;
    return std::min<seconds>(decision.earliest - now, kWindowPause);
}

std::string hex_of(std::optional<release::Target> const& target) { return target ? target->sha256.to_hex() : ""; }

}  // namespace

Urgency urgency_of(check::Offer const& offer) {
    auto const& install = offer.target.install;
    return {.critical = install.critical, .deadline = install.deadline, .restarts_machine = install.restarts_machine};
}

void pick_slot(Memory& memory, Rules const& rules, release::AppId const& app, TimePoint now, Facts& facts) {
    auto const& policy = rules.of(app);
    if (!policy.slot) return;
    auto const history = memory.history(app);
    if (!history) {
        facts.trouble = history.error().detail;
        return;
    }
    auto const limit = facts.wait.discovered + kFarthestSlot;
    auto const until = std::min<TimePoint>(deadline_of(policy, facts).value_or(limit), limit);
    auto const slot = forecast(*history, policy, now, until, share_of(rules.node_id, app.text()));
    if (slot) facts.slot = slot->from;
}

// A waiter is known for as long as it waits.
class IdleGate::Seat {
public:
    Seat(IdleGate& gate, check::Offer const& offer)
        : gate_(gate), place_(gate.waiting_.insert_or_assign(offer.target.app, Waiter{.offer = &offer}).first) {}
    ~Seat() { gate_.waiting_.erase(place_); }
    Seat(Seat const&) = delete;
    Seat& operator=(Seat const&) = delete;

    Waiter& waiter() { return place_->second; }

private:
    IdleGate& gate_;
    std::map<release::AppId, Waiter>::iterator place_;
};

asio::awaitable<std::optional<Passage>> IdleGate::pass(check::Offer const& offer) {
    Seat seat(*this, offer);
    auto& waiter = seat.waiter();
    std::optional<Passage> passage;
    while (!leaves(waiter)) {
        discovered(offer);
        if (agreed_.erase(offer.target.app) > 0) {
            passage = Passage{clocks_.wall(), "a person agreed to it", true};
            break;
        }
        waiter.readings = co_await sense(offer);
        // Somebody may have spoken while the sensors were read.
        if (leaves(waiter) || agreed_.contains(offer.target.app)) continue;
        auto const now = clocks_.wall();
        auto const decision = judge(waiter);
        if (decision.open) {
            passage = Passage{now, decision.because, decision.stage == Stage::grace_over};
            break;
        }
        tell(waiter, decision);
        milliseconds const pause = pause_after(decision, rules_.of(offer.target.app), now);
        co_await parts_.alarm.sleep(pause);
    }
    if (passage) {
        parts_.events.info("gate.open", fmt::format("{} {} may interrupt: {}", offer.target.app.text(),
                                                    offer.target.version.text(), passage->because));
    }
    co_return passage;
}

void IdleGate::discovered(check::Offer const& offer) {
    auto const before = parts_.memory.wait(offer.target.app);
    if (!before) return;  // every look says so, too
    auto const after =
        noticed(*before, urgency_of(offer), offer.target.sha256.to_hex(), hex_of(offer.running), clocks_.wall());
    if (after == *before) return;
    auto const kept = parts_.memory.keep(offer.target.app, after);
    if (!kept && !troubled_) parts_.events.warning("gate.trouble", kept.error().detail);
    troubled_ = !kept;
}

void IdleGate::open_now(release::AppId const& app) {
    agreed_.insert(app);
    parts_.alarm.wake();
}

void IdleGate::turn_away(release::AppId const& app) {
    auto const waiter = waiting_.find(app);
    if (waiter == waiting_.end()) return;
    waiter->second.turned_away = true;
    parts_.alarm.wake();
}

std::vector<std::string> IdleGate::why(release::AppId const& app) const {
    auto const waiter = waiting_.find(app);
    if (waiter == waiting_.end()) return {};
    auto copy = waiter->second;
    return judge(copy).reasons;
}

asio::awaitable<Explanation> IdleGate::explain(check::Offer offer) {
    Explanation explanation;
    auto readings = co_await sense(offer);
    auto const waiter = waiting_.find(offer.target.app);
    Waiter hypothetical{.offer = &offer};
    if (waiter != waiting_.end()) hypothetical.quiet_since = waiter->second.quiet_since;
    hypothetical.readings = std::move(readings);
    explanation.at = clocks_.wall();
    explanation.decision = judge(hypothetical);
    explanation.facts = gather(offer, hypothetical.readings);
    explanation.next_look =
        explanation.at + pause_after(explanation.decision, rules_.of(offer.target.app), explanation.at);
    co_return explanation;
}

// Not cancel(): others sleep by the same alarm, and a walk that has disturbed somebody goes on after stop().
void IdleGate::stop() {
    stopped_ = true;
    parts_.alarm.wake();
}

asio::awaitable<Readings> IdleGate::sense(check::Offer const& offer) {
    auto const none = std::vector<std::uint16_t>();
    auto wanted = wanted_of(rules_.of(offer.target.app), urgency_of(offer), offer.home,
                            offer.running ? offer.running->install.ports : none);
    return parts_.senses.read(std::move(wanted));
}

Facts IdleGate::gather(check::Offer const& offer, Readings readings) const {
    Facts facts{.running = offer.running.has_value(), .urgency = urgency_of(offer), .readings = std::move(readings)};
    auto const wait = parts_.memory.wait(offer.target.app);
    auto const now = clocks_.wall();
    if (wait) {
        facts.wait = noticed(*wait, facts.urgency, offer.target.sha256.to_hex(), hex_of(offer.running), now);
    } else {
        facts.trouble = wait.error().detail;
    }
    pick_slot(parts_.memory, rules_, offer.target.app, now, facts);
    return facts;
}

Decision IdleGate::judge(Waiter& waiter) const {
    auto const& policy = rules_.of(waiter.offer->target.app);
    auto facts = gather(*waiter.offer, waiter.readings);
    auto const steady = clocks_.steady();
    if (waiter.quiet_since) facts.quiet_for = std::chrono::floor<seconds>(steady - *waiter.quiet_since);
    auto decision = decide(policy, facts, clocks_.wall());
    if (!decision.quiet()) {
        waiter.quiet_since.reset();
        facts.quiet_for = seconds(0);
        return decide(policy, facts, clocks_.wall());
    }
    if (!waiter.quiet_since) waiter.quiet_since = steady;
    return decision;
}

void IdleGate::tell(Waiter& waiter, Decision const& decision) {
    // Spans of time in them change with every look; what is told is a change of what stands in the way.
    std::vector<std::string> closed;
    for (auto const& check : decision.checks) {
        if (check.closed()) closed.emplace_back(std::string(check.name) + (check.unknown ? "?" : ""));
    }
    if (waiter.told == closed) return;
    waiter.told = std::move(closed);
    parts_.events.info("gate.waiting",
                       fmt::format("{} {} waits: {}", waiter.offer->target.app.text(),
                                   waiter.offer->target.version.text(), fmt::join(decision.reasons, "; ")));
}

}  // namespace lanyard::gate
