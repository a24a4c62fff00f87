#pragma once

#include <filesystem>

#include "manifests/store/database.h"
#include "proto/outcome/result.h"
#include "seeder/intake/disk.h"

namespace lanyard::publish {

// public/metadata as a picture of the manifest in the database. It can be drawn again at any time.
class Projection {
public:
    // `lock` is the file that whoever changes the picture holds.
    Projection(intake::Disk& disk, std::filesystem::path folder, std::filesystem::path lock)
        : disk_(disk), folder_(std::move(folder)), lock_(std::move(lock)) {}

    // Writes what is missing or differs, timestamp.pb last: whoever reads meanwhile sees the old set or the new one.
    // The manifest is read after the lock was taken, so an older picture never replaces a newer one. Of targets and
    // snapshot a few older versions stay for nodes that are in the middle of a refresh. Blocking.
    Status draw(store::Database& database);

private:
    Status put(std::string const& name, std::string const& bytes);
    void prune(std::string const& role, std::uint64_t newest);

    intake::Disk& disk_;
    std::filesystem::path folder_;
    std::filesystem::path lock_;
};

}  // namespace lanyard::publish
