#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "node/drain/sockets.h"
#include "proto/outcome/result.h"

namespace lanyard::drain {

using Ports = std::vector<std::uint16_t>;

// Tells which ports are open on this machine, and by whom.
class PortSensor {
public:
    virtual ~PortSensor() = default;

    // Those of `ports` on which some program listens (TCP), at any address of this machine, in the order given. A
    // socket that is only kept open, by this node or by systemd for one of its services, does not count.
    virtual Result<Ports> listening(Ports const& ports) = 0;

    // Every socket that waits at one of `ports`, and every other one of the processes that hold those.
    virtual Result<std::vector<ListeningSocket>> sockets(Ports const& ports) = 0;

    // Now, as Process::started counts.
    virtual std::uint64_t ticks() = 0;
};

// Who is at these ports, for people: "port 8080 is held by nginx (pid 33)". Empty when nobody is, or it cannot be seen.
std::string holders_text(PortSensor& sensor, Ports const& ports);

}  // namespace lanyard::drain
