#pragma once

#include "node/drain/port_sensor.h"
#include "proto/schema/lanyard/v1/contract.pb.h"

namespace lanyard::drain {

// Sees only the ports that the application itself listens on, once it is known when it was stopped: one that was taken
// by another program meanwhile is closed, as far as the application is concerned. A port is rightfully held by a
// process that was started after the stop, or held it before, as long as its socket was made by the user who had made
// it before. One for each application.
class RightfulPorts final : public PortSensor {
public:
    explicit RightfulPorts(PortSensor& sensor) : sensor_(sensor) {}

    // The application has just been stopped; before, it had `sockets`.
    void stopped(std::vector<ListeningSocket> sockets);
    // Whoever listens does so rightfully.
    void trust_everybody() { since_ = 0; }

    Result<Ports> listening(Ports const& ports) override;
    Result<std::vector<ListeningSocket>> sockets(Ports const& ports) override { return sensor_.sockets(ports); }
    std::uint64_t ticks() override { return sensor_.ticks(); }

private:
    bool rightful(ListeningSocket const& socket) const;

    PortSensor& sensor_;
    std::uint64_t since_ = 0;  // 0: not known
    std::vector<ListeningSocket> before_;
};

v1::ListeningSocket to_proto(ListeningSocket const& socket);
ListeningSocket from_proto(v1::ListeningSocket const& message);

}  // namespace lanyard::drain
