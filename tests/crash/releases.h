#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "manifests/package/package.h"
#include "manifests/release/target.h"

namespace lanyard::crash {

// The releases of one application, numbered from 1: small trees whose bytes follow from the number. Neighbours have the
// same names and lengths and share no byte of what matters, so that old blocks under a new name are seen.
class Releases {
public:
    // Packs them under `directory`, which must be on another disk than the one that is to fail.
    explicit Releases(std::filesystem::path directory);

    // Of release `number`, "<number>.0.0". The packages are made once for all even and all odd numbers.
    release::Target target(std::uint64_t number) const;
    std::filesystem::path package_of(release::Target const& target) const;

    // What is wrong with a directory that is to hold release `number`; nothing when it is whole: every name, byte and
    // mode, and nothing else.
    static std::optional<std::string> fault(std::filesystem::path const& directory, std::uint64_t number);

private:
    struct Made {
        std::filesystem::path file;
        package::Promise promise;
    };
    std::filesystem::path directory_;
    std::vector<Made> made_;  // of even numbers, of odd ones
};

// Of "7.0.0"; 0 when it is none of ours.
std::uint64_t number_of(std::string const& version);

}  // namespace lanyard::crash
