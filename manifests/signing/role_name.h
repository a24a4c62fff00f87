#pragma once

#include <string_view>

namespace lanyard::signing {

// 1 to 64 of [A-Za-z0-9._-], not '.' first, and no top-level role: what a delegated role may be called here. It becomes
// the name of files.
bool is_delegated_name(std::string_view role);

}  // namespace lanyard::signing
