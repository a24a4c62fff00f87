#include "node/platform/linux_senses.h"

#include "node/platform/logind.h"
#include "node/platform/machine_sensors.h"

namespace lanyard::platform {

asio::awaitable<gate::Readings> LinuxSenses::read(gate::Wanted wanted) {
    auto const work = [this, &wanted] { return read_now(wanted); };
    auto readings = co_await pool_.run(work);
    readings.says = word_(wanted.home);
    co_return readings;
}

gate::Readings LinuxSenses::read_now(gate::Wanted const& wanted) {
    gate::Readings readings{.busy = lock_.busy(wanted.home)};
    if (wanted.connections) readings.connections = connections_to(wanted.ports, proc_);
    if (wanted.presence) readings.presence = presence_by_logind();
    if (wanted.inhibitors) readings.inhibitors = inhibitors_by_logind();
    if (!wanted.commands.empty()) readings.commands = running_of(wanted.commands, proc_);
    if (wanted.load) readings.load = pressure(proc_);
    if (wanted.battery) readings.battery = battery_of(power_supply_);
    return readings;
}

}  // namespace lanyard::platform
