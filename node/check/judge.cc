#include "node/check/judge.h"

#include <fmt/format.h>

#include "node/check/errc.h"

namespace lanyard::check {

Result<Offer> judge(release::Target const& target, ManagedApp const& app, Installed const& installed,
                    release::Platform const& machine) {
    if (target.app != app.name) {
        return fail(Errc::held_back, fmt::format("wrong software: the target is for {}, not for {}", target.app.text(),
                                                 app.name.text()));
    }
    if (target.channel != app.channel) {
        return fail(Errc::held_back, fmt::format("the target is on channel {}, this node follows {}",
                                                 target.channel.text(), app.channel.text()));
    }
    if (!target.platform.runs_on(machine)) {
        return fail(Errc::held_back,
                    fmt::format("the target is for {}, this machine is {}", target.platform.text(), machine.text()));
    }
    if (installed.running && target.version <= installed.running->version) {
        return fail(Errc::held_back, fmt::format("version {} is not higher than {}, which is installed",
                                                 target.version.text(), installed.running->version.text()));
    }
    if (target.release_counter <= installed.highest_counter) {
        return fail(Errc::held_back,
                    fmt::format("rollback: release counter {} is not higher than {}, which this node has had",
                                target.release_counter, installed.highest_counter));
    }
    return Offer{target, installed.running, app.home};
}

}  // namespace lanyard::check
