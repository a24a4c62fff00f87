#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "manifests/release/package_type.h"

namespace lanyard::platform {

// The types of packages that this machine cannot install, each with the reason: "it has no dpkg".
std::map<release::PackageType, std::string> cannot_install();

// lanyard-confine, beside this program.
std::filesystem::path confine_program();

// Whether apt-get is there beside dpkg.
bool has_apt();
// Whether rpm is a guest on a Debian system, where it wants to be told that it is meant.
bool rpm_is_guest();

}  // namespace lanyard::platform
