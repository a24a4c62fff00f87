#pragma once

#include "node/apply/tool.h"

namespace lanyard::apply {

// Scripts that change something in the directory of their application: run as `<script> install`, and as `<script>
// remove` before another one takes its place. Confined to that directory, unless the signed policy says otherwise. A
// file there says which of them has run to its end.
class Script final : public Tool {
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
