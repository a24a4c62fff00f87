#pragma once

#include <filesystem>

#include "node/drain/port_sensor.h"

namespace lanyard::platform {

// Reads net/tcp and net/tcp6 of proc(5): the ports of this network namespace.
class LinuxPortSensor final : public drain::PortSensor {
public:
    explicit LinuxPortSensor(std::filesystem::path proc = "/proc") : proc_(std::move(proc)) {}

    Result<drain::Ports> listening(drain::Ports const& ports) override;

private:
    std::filesystem::path proc_;
};

}  // namespace lanyard::platform
