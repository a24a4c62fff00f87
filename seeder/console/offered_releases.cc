#include "seeder/console/offered_releases.h"

#include "seeder/rollout/choose_release.h"

namespace lanyard::console {

Result<std::optional<v1::AvailableRelease>> OfferedReleases::find_higher(v1::RunningApp const& running,
                                                                         v1::Platform const& machine) {
    std::optional<v1::AvailableRelease> answer;
    auto const platform = release::Platform::parse(machine.os() + "/" + machine.arch());
    if (!live_ || !platform) return answer;
    auto const choice =
        rollout::choose_release(live_->candidates(running.app(), running.channel()), running, *platform);
    if (!choice) return answer;
    answer.emplace();
    answer->set_app(choice->app.text());
    answer->set_version(choice->version.text());
    answer->set_target_path(choice->target_path);
    return answer;
}

}  // namespace lanyard::console
