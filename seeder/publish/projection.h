#pragma once

#include <filesystem>

#include "manifests/store/database.h"
#include "proto/outcome/result.h"
#include "seeder/intake/disk.h"
#include "seeder/publish/seen.h"

namespace lanyard::publish {

// public/metadata as a picture of the manifest in the database. It can be drawn again at any time.
class Projection {
public:
    // `lock` is the file that whoever changes the picture holds.
    Projection(intake::Disk& disk, std::filesystem::path folder, std::filesystem::path lock)
        : disk_(disk), folder_(std::move(folder)), lock_(std::move(lock)) {}

    // Writes what is missing or differs, timestamp.pb last: whoever reads meanwhile sees the old set or the new one.
    // Files that are newer than the manifest (seeder.db comes from a backup) stay: nodes would take nothing older.
    // The manifest is read after the lock was taken, so an older picture never replaces a newer one. Of targets and
    // snapshot a few older versions stay for nodes that are in the middle of a refresh. Blocking.
    Status draw(store::Database& database);

    // What nodes may have from here.
    Seen seen(Manifest const& manifest) const { return seen_in(folder_, manifest.roots.back()); }

private:
    Status put(std::string const& name, std::string const& bytes);
    void prune(std::string const& role, std::uint64_t newest);

    intake::Disk& disk_;
    std::filesystem::path folder_;
    std::filesystem::path lock_;
};

}  // namespace lanyard::publish
