#pragma once

#include <atomic>
#include <memory>

#include "manifests/package/package.h"
#include "node/stage/stager.h"
#include "proto/async/disk_pool.h"

namespace lanyard::stage {

// Unpacks a tree or a plugin, or places any other package as a file (of the application's name, or <app>.deb and so
// on), in <home>/staging/<sha256>, on the disk pool. One staging at a time for each home. Errors: Errc::disk_full,
// Errc::unusable_home, and what package::unpack and package::place_file give.
class TreeStager final : public Stager {
public:
    // `io` runs what discard() starts. `make_durable`: see package::unpack.
    TreeStager(asio::io_context& io, async::DiskPool& disk, package::MakeDurable make_durable);
    ~TreeStager() override;  // stop()

    asio::awaitable<Result<StagedRelease>> stage(check::Offer const& offer,
                                                 fetch::FetchedPackage const& package) override;
    // At once out of the way; its files are removed in the background.
    void discard(check::Offer const& offer) override;
    // What an earlier process left in the staging of an application: out of the way at once, removed in the background.
    // Only while nothing is being staged there.
    void sweep(std::filesystem::path const& home);
    // Whatever is being unpacked ends soon with an error and is removed.
    void stop() { *stopping_ = true; }

private:
    asio::io_context& io_;
    async::DiskPool& disk_;
    package::MakeDurable make_durable_;
    // Shared with the work on the pool, which may end after this object.
    std::shared_ptr<std::atomic<bool>> stopping_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace lanyard::stage
