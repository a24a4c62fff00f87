#pragma once

#include <filesystem>

#include "proto/outcome/result.h"

namespace lanyard::platform {

// Success: `directory`, everything in it and its name in its parent survive a power cut. By syncfs(2), which since
// Linux 5.8 also reports what could not be written; one call costs less than an fsync(2) of each of thousands of files.
Status make_durable(std::filesystem::path const& directory);

// The bytes of one file, or the names in one directory, survive a power cut; by fsync(2).
Status sync(std::filesystem::path const& path);

}  // namespace lanyard::platform
