#pragma once

#include <filesystem>
#include <set>

#include "node/drain/port_sensor.h"
#include "node/platform/linux_socket_keeper.h"

namespace lanyard::platform {

// Reads net/tcp, tcp6, udp, udp6 and the descriptors of processes in proc(5): the ports of this network namespace.
class LinuxPortSensor final : public drain::PortSensor {
public:
    // What `keeper` holds is only kept open; nothing: this node keeps nothing open.
    explicit LinuxPortSensor(std::filesystem::path proc = "/proc", LinuxSocketKeeper const* keeper = nullptr)
        : proc_(std::move(proc)), keeper_(keeper) {}

    Result<drain::Ports> listening(drain::Ports const& ports) override;
    Result<std::vector<drain::ListeningSocket>> sockets(drain::Ports const& ports) override;
    std::uint64_t ticks() override;

private:
    std::set<std::uint64_t> only_kept_open(std::set<std::uint64_t> const& listening) const;

    std::filesystem::path proc_;
    LinuxSocketKeeper const* keeper_;
};

}  // namespace lanyard::platform
