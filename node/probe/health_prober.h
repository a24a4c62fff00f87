#pragma once

#include "node/drain/downtime.h"
#include "node/drain/port_sensor.h"
#include "node/drain/process_runner.h"
#include "node/probe/prober.h"
#include "node/probe/reach.h"
#include "proto/async/alarm.h"

namespace lanyard::probe {

// Looks every half second until the release is healthy, then every second through its probation; a release that fails a
// look in its probation gets a second one at once. Without a health check and without ports there is nothing to look
// at: what was started is healthy. One io_context thread.
class HealthProber final : public Prober {
public:
    HealthProber(Reach& reach, drain::ProcessRunner& runner, drain::PortSensor& ports, async::Alarm& alarm,
                 drain::SteadyClock now)
        : reach_(reach), runner_(runner), ports_(ports), alarm_(alarm), now_(std::move(now)) {}

    asio::awaitable<Status> probe(drain::AppRelease const& release) override;
    // A health command under way is not ended by it: see ProcessRunner::hurry.
    void give_up() override;
    void call_off() override;

private:
    asio::awaitable<Status> become_healthy(drain::AppRelease const& release);
    asio::awaitable<Status> stay_healthy(drain::AppRelease const& release);
    // One look at everything: success is healthy.
    asio::awaitable<Status> look(drain::AppRelease const& release, std::chrono::milliseconds limit);
    asio::awaitable<Status> run_check(drain::AppRelease const& release, std::string const& line,
                                      std::chrono::milliseconds limit);
    Status look_at_ports(drain::AppRelease const& release);

    Reach& reach_;
    drain::ProcessRunner& runner_;
    drain::PortSensor& ports_;
    async::Alarm& alarm_;
    drain::SteadyClock now_;
    bool leave() const { return given_up_ || called_off_; }
    Status not_known(drain::AppRelease const& release) const;

    bool given_up_ = false;
    bool called_off_ = false;
};

}  // namespace lanyard::probe
