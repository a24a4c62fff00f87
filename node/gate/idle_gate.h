#pragma once

#include <functional>
#include <map>
#include <set>

#include "node/gate/busy_sensor.h"
#include "node/gate/gate.h"
#include "node/gate/policy.h"
#include "proto/async/alarm.h"
#include "proto/events/events.h"

namespace lanyard::gate {

// What decide() needs to know of this node. An application without a policy may be interrupted whenever it is idle.
struct Rules {
    std::map<release::AppId, Policy> policies;
    Zone zone = Zone::utc();
};

// Asks decide() again and again until it says yes: every few seconds while the application is busy, at the latest when
// its window opens. Says `gate.waiting` when the reasons change. The alarm may be shared; it must be one that can
// wake(). Lives on one io_context thread.
class IdleGate final : public Gate {
public:
    using Clock = std::function<TimePoint()>;

    IdleGate(async::Alarm& alarm, BusySensor& sensor, events::Events& events, Rules rules, Clock now)
        : alarm_(alarm), sensor_(sensor), events_(events), rules_(std::move(rules)), now_(std::move(now)) {}

    asio::awaitable<bool> pass(check::Offer const& offer) override;
    void open_now(release::AppId const& app) override;
    void take_back(release::AppId const& app) override { agreed_.erase(app); }
    void turn_away(release::AppId const& app) override;
    std::vector<std::string> why(release::AppId const& app) const override;
    void stop() override;

private:
    struct Waiter {
        check::Offer const* offer;
        std::vector<std::string> told;
        bool turned_away = false;
    };
    class Seat;

    Decision look(check::Offer const& offer) const;
    void tell(Waiter& waiter, Decision const& decision);

    async::Alarm& alarm_;
    BusySensor& sensor_;
    events::Events& events_;
    Rules rules_;
    Clock now_;
    std::map<release::AppId, Waiter> waiting_;
    std::set<release::AppId> agreed_;
    bool stopped_ = false;
};

}  // namespace lanyard::gate
