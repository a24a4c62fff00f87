#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "node/drain/port_sensor.h"

namespace lanyard::drain {

using SteadyClock = std::function<std::chrono::steady_clock::time_point()>;

// Measures how long an application's declared ports are closed, by looking over the shoulder of whoever asks for them:
// from the moment one of them was first seen closed until all were seen open again. Its grain is how often somebody
// asks. One for each application.
class Downtime final : public PortSensor {
public:
    Downtime(PortSensor& sensor, SteadyClock now) : sensor_(sensor), now_(std::move(now)) {}

    Result<Ports> listening(Ports const& ports) override;
    Result<std::vector<ListeningSocket>> sockets(Ports const& ports) override { return sensor_.sockets(ports); }
    std::uint64_t ticks() override { return sensor_.ticks(); }

    // These are kept open by the node: who comes waits, and is not turned away.
    void keeps_open(Ports ports) { kept_open_ = std::move(ports); }

    // Forgets the last measurement and begins a new one. What is seen before the first begin() does not count.
    void begin();
    std::chrono::milliseconds closed() const;
    // Gives what closed() gives and counts no more; 0 when nothing was begun.
    std::chrono::milliseconds end();

private:
    using Time = std::chrono::steady_clock::time_point;

    PortSensor& sensor_;
    SteadyClock now_;
    Ports kept_open_;
    bool measuring_ = false;
    std::optional<Time> closed_since_;
    Time::duration total_{0};
};

}  // namespace lanyard::drain
