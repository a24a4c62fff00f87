#pragma once

#include "node/apply/applier.h"
#include "node/apply/place.h"
#include "node/apply/version_directories.h"
#include "proto/async/disk_pool.h"

namespace lanyard::apply {

// VersionDirectories on the disk pool: a switch is synced, and a release that goes may have thousands of files.
class BackgroundApplier final : public Applier {
public:
    BackgroundApplier(Place& place, async::DiskPool& disk) : directories_(place), disk_(disk) {}

    asio::awaitable<Status> switch_to(check::Offer const& offer, stage::StagedRelease const& staged) override;
    asio::awaitable<Status> switch_back(check::Offer const& offer) override;
    Result<std::optional<std::string>> current(std::filesystem::path const& home) const override;
    asio::awaitable<void> keep_only(std::filesystem::path home, std::string current, std::string previous) override;

private:
    VersionDirectories directories_;
    async::DiskPool& disk_;
};

}  // namespace lanyard::apply
