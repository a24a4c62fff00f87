#pragma once

#include <functional>
#include <map>
#include <set>

#include "node/gate/gate.h"
#include "node/gate/memory.h"
#include "node/gate/rules.h"
#include "node/gate/senses.h"
#include "proto/async/alarm.h"
#include "proto/events/events.h"

namespace lanyard::gate {

struct Clocks {
    std::function<TimePoint()> wall;
    std::function<std::chrono::steady_clock::time_point()> steady;
};

// The facts that need no sensor.
Urgency urgency_of(check::Offer const& offer);
// Picks the quiet hour, if the policy asks for one: before the deadline, and within a week of the discovery.
void pick_slot(Memory& memory, Rules const& rules, release::AppId const& app, TimePoint now, Facts& facts);

// Asks decide() again and again until it says yes: every few seconds while that may be at any moment, otherwise when it
// may be at the earliest, and at least once a minute. Says `gate.waiting` when the reasons change and `gate.open` in
// the end. The alarm may be shared; it must be one that can wake(). Lives on one io_context thread.
class IdleGate final : public Gate {
public:
    struct Parts {
        async::Alarm& alarm;
        Senses& senses;
        Memory& memory;
        events::Events& events;
    };

    IdleGate(Parts const& parts, Rules rules, Clocks clocks)
        : parts_(parts), rules_(std::move(rules)), clocks_(std::move(clocks)) {}

    asio::awaitable<std::optional<Passage>> pass(check::Offer const& offer) override;
    void discovered(check::Offer const& offer) override;
    void open_now(release::AppId const& app) override;
    void take_back(release::AppId const& app) override { agreed_.erase(app); }
    void turn_away(release::AppId const& app) override;
    std::vector<std::string> why(release::AppId const& app) const override;
    asio::awaitable<Explanation> explain(check::Offer offer) override;
    void stop() override;

private:
    struct Waiter {
        check::Offer const* offer;
        std::vector<std::string> told{};
        Readings readings{};
        std::optional<std::chrono::steady_clock::time_point> quiet_since{};
        bool turned_away = false;
    };
    class Seat;

    asio::awaitable<Readings> sense(check::Offer const& offer);
    Facts gather(check::Offer const& offer, Readings readings) const;
    Decision judge(Waiter& waiter) const;
    void tell(Waiter& waiter, Decision const& decision);
    bool leaves(Waiter const& waiter) const { return stopped_ || waiter.turned_away; }

    Parts parts_;
    Rules rules_;
    Clocks clocks_;
    std::map<release::AppId, Waiter> waiting_{};
    std::set<release::AppId> agreed_;
    bool stopped_ = false;
    bool troubled_ = false;  // what was noted could not be kept
};

}  // namespace lanyard::gate
