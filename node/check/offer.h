#pragma once

#include <filesystem>
#include <optional>

#include "manifests/release/target.h"

namespace lanyard::check {

// The release this node should install now. Made only from a verified manifest.
struct Offer {
    release::Target target;
    std::optional<release::Target> running;  // what is installed now, with its own stop and start
    std::filesystem::path home;              // the application's directory: versions/, current, staging/
};

}  // namespace lanyard::check
