#include "node/gate/senses.h"

namespace lanyard::gate {

Wanted wanted_of(Policy const& policy, Urgency const& urgency, std::filesystem::path const& home,
                 std::vector<std::uint16_t> const& ports) {
    return {.home = home,
            .ports = ports,
            .commands = policy.commands,
            .connections = policy.most_connections.has_value(),
            .presence = policy.user_idle || urgency.restarts_machine,
            .inhibitors = policy.inhibitors || urgency.restarts_machine,
            .load = policy.most_cpu || policy.most_disk,
            .traffic = policy.most_network.has_value(),
            .battery = policy.least_battery.has_value()};
}

}  // namespace lanyard::gate
