#pragma once

#include <string_view>

namespace lanyard::trust {

// Whether `path` fits the pattern of a delegation (v1.Delegation.paths): '*' stands for any number of characters, '?'
// for one, neither for '/'; everything else for itself, capitals included. Linear in memory; in time at most the
// product of both lengths.
bool fits(std::string_view pattern, std::string_view path);

}  // namespace lanyard::trust
