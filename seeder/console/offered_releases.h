#pragma once

#include <memory>

#include "seeder/announce/releases.h"
#include "seeder/console/live_releases.h"

namespace lanyard::console {

// Answers the checks of nodes from what is live now.
class OfferedReleases final : public announce::Releases {
public:
    void offer(std::shared_ptr<LiveReleases const> live) { live_ = std::move(live); }

    std::uint64_t revision() override { return live_ ? live_->revision() : 0; }
    Result<std::optional<v1::AvailableRelease>> find_higher(v1::RunningApp const& running,
                                                            v1::Platform const& machine) override;

private:
    std::shared_ptr<LiveReleases const> live_;
};

}  // namespace lanyard::console
