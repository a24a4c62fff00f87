#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "node/gate/facts.h"

namespace lanyard::platform {

// Reads of this machine's state; each does as the gate's Readings of the same name say. `proc` and `sys` are /proc and
// /sys/class/power_supply, or what a test puts in their place. What is not as the kernel writes it is unknown.

// Established TCP connections to one of `ports`, from other machines and from this one. Unknown without ports.
gate::Sensed<unsigned> connections_to(std::vector<std::uint16_t> const& ports, std::filesystem::path const& proc);

// Those of `names` that are the name of a process (proc(5), comm: the first 15 bytes count).
gate::Sensed<std::vector<std::string>> running_of(std::vector<std::string> const& names,
                                                  std::filesystem::path const& proc);

// Pressure stall information: "some", average of 60 seconds.
gate::Sensed<gate::Load> pressure(std::filesystem::path const& proc);

// The emptiest battery that powers the machine itself; a machine without one runs on mains power.
gate::Sensed<gate::Battery> battery_of(std::filesystem::path const& power_supply);

}  // namespace lanyard::platform
