#pragma once

#include "manifests/release/target.h"

namespace lanyard::release {

// The `install` of a target. Errors are of code malformed_target and name the field.
Result<InstallPolicy> install_from_proto(v1::InstallPolicy const& message);
v1::InstallPolicy install_to_proto(InstallPolicy const& policy);

}  // namespace lanyard::release
