#include "node/platform/linux_port_sensor.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "node/drain/errc.h"
#include "node/platform/tcp_table.h"

namespace lanyard::platform {

Result<drain::Ports> LinuxPortSensor::listening(drain::Ports const& ports) {
    drain::Ports found;
    if (ports.empty()) return found;
    std::set<std::uint16_t> open;
    bool const read = read_tcp_tables(proc_, [&](std::uint16_t port, TcpState state) {
        if (state == TcpState::listening) open.insert(port);
    });
    if (!read) {
        return fail(drain::Errc::ports_unknown,
                    "cannot read " + (proc_ / "net/tcp").string() + ": which ports are open is not known; mount /proc");
    }
    std::copy_if(ports.begin(), ports.end(), std::back_inserter(found),
                 [&](std::uint16_t port) { return open.contains(port); });
    return found;
}

}  // namespace lanyard::platform
