#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "manifests/release/package_type.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::release {

// What an exit code of an installer means.
enum class ExitMeaning { done, done_after_restart, busy, failed };

// v1.Installer with its defaults filled in and its limits checked.
struct InstallerPolicy {
    std::chrono::seconds deadline{1'800};
    std::vector<std::string> arguments;
    std::map<std::uint32_t, ExitMeaning> exit_codes;  // beside the usual ones of the type
    std::string product;
    std::string product_version;
    std::string remove_command;
    bool unconfined = false;
};

// Errors are of code malformed_target and name the field.
Result<InstallerPolicy> installer_from_proto(v1::Installer const& message);
v1::Installer installer_to_proto(InstallerPolicy const& policy);

// Whether the policy says what a package of that type needs, and nothing that would be ignored.
Status fits(InstallerPolicy const& policy, PackageType type);

}  // namespace lanyard::release
