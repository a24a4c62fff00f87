#pragma once

#include "node/apply/applier.h"
#include "node/apply/place.h"

namespace lanyard::apply {

// Releases side by side in <home>/versions, one of them current.
class VersionDirectories final : public Applier {
public:
    explicit VersionDirectories(Place& place) : place_(place) {}

    Status switch_to(check::Offer const& offer, stage::StagedRelease const& staged) override;
    Status switch_back(check::Offer const& offer) override;
    Result<std::optional<std::string>> current(std::filesystem::path const& home) const override;
    void keep_only(std::filesystem::path const& home, std::string const& current, std::string const& previous) override;

private:
    Status move_in(std::filesystem::path const& home, std::string const& version, std::filesystem::path const& staged);

    Place& place_;
};

}  // namespace lanyard::apply
