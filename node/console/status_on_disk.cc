#include <fmt/format.h>

#include "node/console/desk.h"
#include "node/console/output.h"

namespace lanyard::console {

Result<v1::NodeStatus> status_on_disk(NodeConfig const& config, journal::Records& records) {
    v1::NodeStatus status;
    status.set_schema(1);
    status.set_node_id(config.id);
    status.set_name(config.name);
    status.set_seeder_url(config.seeder_url);
    for (auto const& entry : config.apps) {
        auto* const app = status.add_apps();
        app->set_app(entry.app.name.text());
        app->set_channel(entry.app.channel.text());
        auto const releases = records.installed(entry.app.name);
        if (!releases) return pass_on(releases);
        if (releases->current) app->set_version(releases->current->version.text());
        if (releases->previous) app->set_previous_version(releases->previous->version.text());
        auto const last = records.last_report(entry.app.name);
        if (!last) return pass_on(last);
        if (*last) {
            app->set_last_outcome(fmt::format("{} {}", in_words((*last)->outcome()), (*last)->to_version()));
            app->set_last_detail((*last)->detail());
        }
    }
    auto const queued = records.outbox_count();
    if (!queued) return pass_on(queued);
    status.set_queued_reports(*queued);
    return status;
}

}  // namespace lanyard::console
