#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "proto/outcome/result.h"

namespace lanyard::apply {

// The few things apply asks of a file system. Each is durable when it returns: a power cut afterwards does not undo it,
// one before or during it leaves things as they were or as they will be.
class Place {
public:
    virtual ~Place() = default;

    // Makes `directory` and its parents; fine when they are there.
    virtual Status make_directory(std::filesystem::path const& directory) = 0;
    // Within one file system; `to` must not exist.
    virtual Status move(std::filesystem::path const& from, std::filesystem::path const& to) = 0;

    // Which version `home`/current names; nothing when there is no `current`. Anything that is not our own switch
    // (Errc::foreign_current) is left alone.
    virtual Result<std::optional<std::string>> current(std::filesystem::path const& home) const = 0;
    // The one atomic switch: before it the old release is current, after it the new one.
    virtual Status point(std::filesystem::path const& home, std::string const& version) = 0;
    virtual Status clear(std::filesystem::path const& home) = 0;
};

}  // namespace lanyard::apply
