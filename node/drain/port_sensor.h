#pragma once

#include <cstdint>
#include <vector>

#include "proto/outcome/result.h"

namespace lanyard::drain {

using Ports = std::vector<std::uint16_t>;

// Tells which TCP ports are open on this machine.
class PortSensor {
public:
    virtual ~PortSensor() = default;

    // Those of `ports` on which some program listens, at any address of this machine, in the order given.
    virtual Result<Ports> listening(Ports const& ports) = 0;
};

}  // namespace lanyard::drain
