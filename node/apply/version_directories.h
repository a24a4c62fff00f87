#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "node/apply/place.h"
#include "node/stage/stager.h"

namespace lanyard::apply {

// Releases side by side in <home>/versions, one of them current. See Applier for what each method promises. Blocking.
class VersionDirectories {
public:
    explicit VersionDirectories(Place& place) : place_(place) {}

    Status switch_to(check::Offer const& offer, stage::StagedRelease const& staged);
    Status switch_back(check::Offer const& offer);
    Result<std::optional<std::string>> current(std::filesystem::path const& home) const;
    void keep_only(std::filesystem::path const& home, std::string const& current, std::string const& previous);

    // The first half of switch_to(): the staged release lies in versions/, and is not current yet. When it has been
    // brought in before, nothing happens.
    Status bring_in(check::Offer const& offer, stage::StagedRelease const& staged);
    // The second half.
    Status point(std::filesystem::path const& home, std::string const& version) { return place_.point(home, version); }
    Status clear(std::filesystem::path const& home) { return place_.clear(home); }

private:
    Status move_in(std::filesystem::path const& home, std::string const& version, std::filesystem::path const& staged);

    Place& place_;
};

}  // namespace lanyard::apply
