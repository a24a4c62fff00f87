#pragma once

#include "node/apply/applier.h"
#include "node/apply/place.h"

namespace lanyard::apply {

// Releases side by side in <home>/versions, one of them current. See Applier for what each method promises. Blocking.
class VersionDirectories {
public:
    explicit VersionDirectories(Place& place) : place_(place) {}

    Status switch_to(check::Offer const& offer, stage::StagedRelease const& staged);
    Status switch_back(check::Offer const& offer);
    Result<std::optional<std::string>> current(std::filesystem::path const& home) const;
    void keep_only(std::filesystem::path const& home, std::string const& current, std::string const& previous);

private:
    Status move_in(std::filesystem::path const& home, std::string const& version, std::filesystem::path const& staged);

    Place& place_;
};

}  // namespace lanyard::apply
