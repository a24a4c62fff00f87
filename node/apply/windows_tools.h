#pragma once

#include "node/apply/tool.h"

namespace lanyard::apply {

// Packages of the Windows Installer, run without a window and without a restart of their own. What is installed is
// looked up in the registry, under the product that the signed policy names.
class Msi final : public Tool {
public:
    std::vector<Call> identify(PackageFile const&) const override { return {}; }
    Result<Identity> identity(PackageFile const& package, Exit const& exit) const override;
    Call query(PackageFile const& package, Identity const& identity) const override;
    Presence presence(Exit const& exit) const override;
    std::vector<Call> calls(Step step, PackageFile const& package, Identity const& identity) const override;
    Verdict judge(Step step, PackageFile const& package, Identity const& identity, Exit const& exit) const override;
    // The Windows Installer refuses to install over a newer version.
    bool removes_before_going_back() const override { return true; }
};

// Installers that are programs, run with the silent switches of the signed policy.
class Exe final : public Tool {
public:
    std::vector<Call> identify(PackageFile const&) const override { return {}; }
    Result<Identity> identity(PackageFile const& package, Exit const& exit) const override;
    Call query(PackageFile const& package, Identity const& identity) const override;
    Presence presence(Exit const& exit) const override;
    std::vector<Call> calls(Step step, PackageFile const& package, Identity const& identity) const override;
    Verdict judge(Step step, PackageFile const& package, Identity const& identity, Exit const& exit) const override;
    bool removes_before_going_back() const override { return true; }
};

}  // namespace lanyard::apply
