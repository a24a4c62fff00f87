#pragma once

#include "node/apply/tool.h"

namespace lanyard::apply {

// RPM packages. Whether a package may be installed was decided by the signed manifest: rpm is not asked for signatures
// of its own.
class Rpm final : public Tool {
public:
    // `is_guest`: a Debian system, whose rpm wants to be told that it is meant.
    explicit Rpm(bool is_guest) : is_guest_(is_guest) {}

    std::vector<Call> identify(PackageFile const& package) const override;
    Result<Identity> identity(PackageFile const& package, Exit const& exit) const override;
    Call query(PackageFile const&, Identity const& identity) const override;
    Presence presence(Exit const& exit) const override;
    std::vector<Call> calls(Step step, PackageFile const& package, Identity const& identity) const override;
    // A scriptlet that fails after the files are in place does not make rpm fail; here it does.
    Verdict judge(Step step, PackageFile const&, Identity const& identity, Exit const& exit) const override;

private:
    Call rpm(std::vector<std::string> words, bool changes) const;

    bool is_guest_;
};

}  // namespace lanyard::apply
