#pragma once

#include "node/apply/place.h"

namespace lanyard::platform {

// `current` is a relative symbolic link to versions/<version>, made under another name and put in place by rename(2).
// Durable by fsync(2) of the directories that change.
class LinuxPlace final : public apply::Place {
public:
    Status make_directory(std::filesystem::path const& directory) override;
    Status move(std::filesystem::path const& from, std::filesystem::path const& to) override;
    Result<std::optional<std::string>> current(std::filesystem::path const& home) const override;
    Status point(std::filesystem::path const& home, std::string const& version) override;
    Status clear(std::filesystem::path const& home) override;
};

}  // namespace lanyard::platform
