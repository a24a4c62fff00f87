#pragma once

#include "node/apply/place.h"
#include "node/apply/version_directories.h"
#include "proto/async/asio.h"
#include "proto/async/disk_pool.h"

namespace lanyard::apply {

// VersionDirectories on the disk pool: a switch is synced, and a release that goes may have thousands of files. What is
// given must live until the caller has resumed.
class BackgroundDirectories {
public:
    BackgroundDirectories(Place& place, async::DiskPool& disk) : directories_(place), disk_(disk) {}

    asio::awaitable<Status> switch_to(check::Offer const& offer, stage::StagedRelease const& staged);
    asio::awaitable<Status> switch_back(check::Offer const& offer);
    asio::awaitable<Status> bring_in(check::Offer const& offer, stage::StagedRelease const& staged);
    asio::awaitable<Status> point(std::filesystem::path const& home, release::Version const& version);
    asio::awaitable<Status> clear(std::filesystem::path const& home);
    asio::awaitable<void> keep_only(std::filesystem::path home, std::string current, std::string previous);
    // At once.
    Result<std::optional<std::string>> current(std::filesystem::path const& home) const;

private:
    VersionDirectories directories_;
    async::DiskPool& disk_;
};

}  // namespace lanyard::apply
