#include "node/check/judge.h"

#include <fmt/format.h>

#include "node/check/errc.h"

namespace lanyard::check {

namespace {

// What is in a directory of ours can be exchanged for anything else that is; what another tool has installed only by
// that tool, be it one package or several.
bool goes_on_from(release::PackageType next, release::PackageType running) {
    return release::part_of(next) == release::part_of(running) ||
           (!release::is_native(next) && !release::is_native(running));
}

}  // namespace

Result<Offer> judge(release::Target const& target, ManagedApp const& app, Installed const& installed,
                    Machine const& machine) {
    if (target.app != app.name) {
        return fail(Errc::held_back, fmt::format("wrong software: the target is for {}, not for {}", target.app.text(),
                                                 app.name.text()));
    }
    if (target.channel != app.channel) {
        return fail(Errc::held_back, fmt::format("the target is on channel {}, this node follows {}",
                                                 target.channel.text(), app.channel.text()));
    }
    if (!target.platform.runs_on(machine.platform)) {
        return fail(Errc::held_back, fmt::format("the target is for {}, this machine is {}", target.platform.text(),
                                                 machine.platform.text()));
    }
    auto const cannot = machine.cannot.find(target.type);
    if (cannot != machine.cannot.end()) {
        return fail(Errc::held_back, fmt::format("the package is of type {}, and this machine cannot install that: {}",
                                                 release::text(target.type), cannot->second));
    }
    if (installed.running && !goes_on_from(target.type, installed.running->type)) {
        return fail(Errc::held_back,
                    fmt::format("the package is of type {}, and {} is installed as {}: neither could be put in the "
                                "other's place; publish it as another application, or as {}",
                                release::text(target.type), installed.running->version.text(),
                                release::text(installed.running->type), release::text(installed.running->type)));
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
