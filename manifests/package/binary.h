#pragma once

#include <optional>
#include <span>
#include <string>

#include "manifests/release/names.h"

namespace lanyard::package {

// What the beginning of a program or a shared library says about itself (ELF, PE, Mach-O).
struct Binary {
    std::string os;    // as in release::Platform; an ELF file is for Linux here
    std::string arch;  // "any" in a Mach-O file for several
    bool library = false;
};

// How much of a file that takes.
inline constexpr std::size_t kBinaryHead = 4096;

// Nothing: it is neither. An architecture that release::Platform has no name for is "unknown".
std::optional<Binary> binary_of(std::span<char const> head);

// Whether it can run there as it is.
bool runs_on(Binary const& binary, release::Platform const& platform);

}  // namespace lanyard::package
