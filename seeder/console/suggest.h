#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lanyard::console {

// "; did you mean 'port'?" for a word that is nearly one of `known`, else nothing.
std::string did_you_mean(std::string_view word, std::span<std::string_view const> known);

}  // namespace lanyard::console
