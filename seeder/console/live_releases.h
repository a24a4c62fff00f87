#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "manifests/store/database.h"
#include "proto/outcome/result.h"
#include "seeder/catalogue/catalogue.h"

namespace lanyard::console {

// What is live at one revision, in memory: a fleet that asks all the time asks no database. Never changes once read.
class LiveReleases {
public:
    // Blocking.
    static Result<LiveReleases> read(store::Database& database);

    std::uint64_t revision() const { return revision_; }
    std::size_t count() const { return count_; }

    // Of one application on one channel. Any text may be asked for.
    std::span<catalogue::Candidate const> candidates(std::string const& app, std::string const& channel) const;

    // SHA-256 in hex of each package, by its info-hash (20 raw bytes).
    std::map<std::string, std::string> const& packages() const { return packages_; }

private:
    LiveReleases() = default;

    std::uint64_t revision_ = 0;
    std::size_t count_ = 0;
    std::map<std::pair<std::string, std::string>, std::vector<catalogue::Candidate>> candidates_;
    std::map<std::string, std::string> packages_;
};

}  // namespace lanyard::console
