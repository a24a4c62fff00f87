#include "node/gate/idle_gate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace lanyard::gate {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kBusyPause{5};
// The wall clock can be set while we sleep, and a laptop can be closed: never sleep through a whole night.
constexpr seconds kWindowPause{60};

milliseconds pause_after(Decision const& decision, TimePoint now) {
    if (decision.earliest > now) return std::min<seconds>(decision.earliest - now, kWindowPause);
    return kBusyPause;
}

}  // namespace

// A waiter is known for as long as it waits.
class IdleGate::Seat {
public:
    Seat(IdleGate& gate, check::Offer const& offer)
        : gate_(gate), place_(gate.waiting_.insert_or_assign(offer.target.app, Waiter{&offer, {}, false}).first) {}
    ~Seat() { gate_.waiting_.erase(place_); }
    Seat(Seat const&) = delete;
    Seat& operator=(Seat const&) = delete;

    Waiter& waiter() { return place_->second; }

private:
    IdleGate& gate_;
    std::map<release::AppId, Waiter>::iterator place_;
};

asio::awaitable<bool> IdleGate::pass(check::Offer const& offer) {
    Seat seat(*this, offer);
    while (!stopped_ && !seat.waiter().turned_away) {
        if (agreed_.erase(offer.target.app) > 0) co_return true;
        auto const now = now_();
        auto const decision = look(offer);
        if (decision.open) co_return true;
        tell(seat.waiter(), decision);
        co_await alarm_.sleep(pause_after(decision, now));
    }
    co_return false;
}

void IdleGate::open_now(release::AppId const& app) {
    agreed_.insert(app);
    alarm_.wake();
}

void IdleGate::turn_away(release::AppId const& app) {
    auto const waiter = waiting_.find(app);
    if (waiter == waiting_.end()) return;
    waiter->second.turned_away = true;
    alarm_.wake();
}

std::vector<std::string> IdleGate::why(release::AppId const& app) const {
    auto const waiter = waiting_.find(app);
    if (waiter == waiting_.end()) return {};
    return look(*waiter->second.offer).reasons;
}

// Not cancel(): others sleep by the same alarm, and a walk that has disturbed somebody goes on after stop().
void IdleGate::stop() {
    stopped_ = true;
    alarm_.wake();
}

Decision IdleGate::look(check::Offer const& offer) const {
    auto const policy = rules_.policies.find(offer.target.app);
    Signals const signals{.running = offer.running.has_value(), .busy = sensor_.busy(offer.home)};
    return decide(policy == rules_.policies.end() ? Policy{} : policy->second, signals, now_(), rules_.zone);
}

void IdleGate::tell(Waiter& waiter, Decision const& decision) {
    if (waiter.told == decision.reasons) return;
    waiter.told = decision.reasons;
    events_.info("gate.waiting", fmt::format("{} {} waits: {}", waiter.offer->target.app.text(),
                                             waiter.offer->target.version.text(), fmt::join(decision.reasons, "; ")));
}

}  // namespace lanyard::gate
