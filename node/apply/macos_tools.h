#pragma once

#include "node/apply/tool.h"

namespace lanyard::apply {

// Packages of macOS's installer; what is installed is told by their receipts.
class Pkg final : public Tool {
public:
    std::vector<Call> identify(PackageFile const&) const override { return {}; }
    Result<Identity> identity(PackageFile const& package, Exit const& exit) const override;
    Call query(PackageFile const& package, Identity const& identity) const override;
    Presence presence(Exit const& exit) const override;
    // A package without a remove command in its policy cannot be taken away: macOS has no such tool.
    std::vector<Call> calls(Step step, PackageFile const& package, Identity const& identity) const override;
    Verdict judge(Step step, PackageFile const& package, Identity const& identity, Exit const& exit) const override;
};

// Disk images with one application, which is copied into the directory of its release, beside the image.
class Dmg final : public Tool {
public:
    std::vector<Call> identify(PackageFile const&) const override { return {}; }
    Result<Identity> identity(PackageFile const& package, Exit const& exit) const override;
    Call query(PackageFile const& package, Identity const& identity) const override;
    Presence presence(Exit const& exit) const override;
    std::vector<Call> calls(Step step, PackageFile const& package, Identity const& identity) const override;
    Verdict judge(Step step, PackageFile const& package, Identity const& identity, Exit const& exit) const override;
};

}  // namespace lanyard::apply
