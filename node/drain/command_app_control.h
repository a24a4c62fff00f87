#pragma once

#include <map>
#include <optional>

#include "node/drain/app_control.h"
#include "node/drain/downtime.h"
#include "node/drain/port_sensor.h"
#include "node/drain/process_runner.h"
#include "proto/async/alarm.h"

namespace lanyard::drain {

// AppControl by shell commands; asks nobody. What start writes goes to <home>/start.log. `alarm` may be shared, and is
// cancelled only when no walk goes on. One io_context thread.
class CommandAppControl final : public AppControl {
public:
    CommandAppControl(ProcessRunner& runner, PortSensor& ports, async::Alarm& alarm, SteadyClock now)
        : runner_(runner), ports_(ports), alarm_(alarm), now_(std::move(now)) {}

    asio::awaitable<Status> prepare(AppRelease release, release::Target next, bool last_word) override;
    void settle(AppRelease const&) override { sockets_.clear(); }

    // Start commands inherit these from now on. See Command.
    void hand_over(HeldSockets sockets) { sockets_ = std::move(sockets); }

    // A stop command that fails is forgiven when the ports say that the application is gone. Without a stop command
    // there must be nothing to stop: a declared port that listens is an error.
    asio::awaitable<Status> stop(AppRelease const& release) override;
    asio::awaitable<Status> wait_for_stop(AppRelease const& release) override;
    asio::awaitable<Status> start(AppRelease const& release) override;
    void hurry() override;
    void launch(AppRelease const& release) noexcept override;

private:
    // What is left of a deadline when the node is in a hurry.
    std::chrono::milliseconds allowed(std::chrono::milliseconds deadline) const;
    asio::awaitable<Status> wait_until_closed(AppRelease const& release, std::chrono::steady_clock::time_point limit);
    bool runs_already(AppRelease const& release);
    void end_hung_start(AppRelease const& release);
    Command start_command(AppRelease const& release) const;

    ProcessRunner& runner_;
    PortSensor& ports_;
    async::Alarm& alarm_;
    SteadyClock now_;
    std::optional<std::chrono::steady_clock::time_point> latest_;  // set by hurry()
    std::map<release::AppId, std::uint64_t> hung_starts_;
    HeldSockets sockets_;
};

}  // namespace lanyard::drain
