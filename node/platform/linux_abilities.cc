#include "node/platform/linux_abilities.h"

#include <unistd.h>

#include "node/platform/linux_confinement.h"

namespace lanyard::platform {
namespace {

// Why a tool that installs for the whole machine cannot be used; empty: it can.
std::string obstacle(char const* program) {
    auto const there = std::string("/usr/bin/") + program;
    if (::access(there.c_str(), X_OK) != 0) return std::string("it has no ") + program;
    if (::geteuid() != 0) return std::string(program) + " installs for root only, and the node runs as another user";
    return "";
}

}  // namespace

std::map<release::PackageType, std::string> cannot_install() {
    using release::PackageType;
    std::map<PackageType, std::string> reasons{
        {PackageType::exe, "only Windows can"},
        {PackageType::msi, "only Windows can"},
        {PackageType::pkg, "only macOS can"},
        {PackageType::dmg, "only macOS can"},
    };
    for (auto const type : {PackageType::deb, PackageType::debs}) {
        if (auto const why = obstacle("dpkg"); !why.empty()) reasons.emplace(type, why);
    }
    for (auto const type : {PackageType::rpm, PackageType::rpms}) {
        if (auto const why = obstacle("rpm"); !why.empty()) reasons.emplace(type, why);
    }
    if (auto const why = why_not_confined(confine_program()); !why.empty()) reasons.emplace(PackageType::script, why);
    return reasons;
}

std::filesystem::path confine_program() {
    std::error_code failed;
    return std::filesystem::read_symlink("/proc/self/exe", failed).parent_path() / "lanyard-confine";
}

bool has_apt() { return ::access("/usr/bin/apt-get", X_OK) == 0; }
bool rpm_is_guest() { return ::access("/etc/debian_version", F_OK) == 0; }

}  // namespace lanyard::platform
