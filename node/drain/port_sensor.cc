#include "node/drain/port_sensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace lanyard::drain {

std::string holders_text(PortSensor& sensor, Ports const& ports) {
    auto const sockets = ports.empty() ? Result<std::vector<ListeningSocket>>() : sensor.sockets(ports);
    if (!sockets) return {};
    std::set<std::string> told;
    std::string text;
    for (auto const& socket : *sockets) {
        if (socket.protocol != "tcp" || std::find(ports.begin(), ports.end(), socket.port) == ports.end()) continue;
        for (auto const& holder : socket.holders) {
            auto const words = fmt::format("port {} is held by {} (pid {})", socket.port, holder.name, holder.pid);
            if (told.insert(words).second) text += (text.empty() ? "" : ", ") + words;
        }
    }
    return text;
}

}  // namespace lanyard::drain
