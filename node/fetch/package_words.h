#pragma once

#include <string>

#include "manifests/release/target.h"

namespace lanyard::fetch {

inline std::string name_of(release::Target const& target) { return target.app.text() + " " + target.version.text(); }

}  // namespace lanyard::fetch
