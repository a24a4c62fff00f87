#pragma once

#include "node/apply/dpkg.h"
#include "node/apply/macos_tools.h"
#include "node/apply/rpm.h"
#include "node/apply/script.h"
#include "node/apply/windows_tools.h"

namespace lanyard::apply {

// The tool of each native type of package. Which of them a machine can use, it tells itself (check::Machine).
class Toolbox {
public:
    // See Dpkg and Rpm.
    Toolbox(bool has_apt, bool rpm_is_guest) : dpkg_(has_apt), rpm_(rpm_is_guest) {}

    // Of a native type only.
    Tool const& of(release::PackageType type) const;

private:
    Dpkg dpkg_;
    Rpm rpm_;
    Msi msi_;
    Exe exe_;
    Pkg pkg_;
    Dmg dmg_;
    Script script_;
};

}  // namespace lanyard::apply
