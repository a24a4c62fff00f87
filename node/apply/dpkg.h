#pragma once

#include "node/apply/tool.h"

namespace lanyard::apply {

// Debian packages. Configuration files that somebody has changed stay as they are; nobody is asked anything. A package
// that would need another one which is not installed is refused by the rehearsal: nothing is fetched from elsewhere.
class Dpkg final : public Tool {
public:
    // `has_apt`: dpkg alone does not look at dependencies before it unpacks, apt-get does.
    explicit Dpkg(bool has_apt) : has_apt_(has_apt) {}

    std::vector<Call> identify(PackageFile const& package) const override;
    Result<Identity> identity(PackageFile const& package, Exit const& exit) const override;
    Call query(PackageFile const&, Identity const& identity) const override;
    Presence presence(Exit const& exit) const override;
    std::vector<Call> calls(Step step, PackageFile const& package, Identity const& identity) const override;
    Verdict judge(Step step, PackageFile const&, Identity const& identity, Exit const& exit) const override;

private:
    bool has_apt_;
};

}  // namespace lanyard::apply
