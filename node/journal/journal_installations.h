#pragma once

#include "node/check/judge.h"
#include "node/journal/records.h"

namespace lanyard::journal {

// What check asks about this node's past.
class JournalInstallations final : public check::Installations {
public:
    explicit JournalInstallations(Records& records) : records_(records) {}

    Result<check::Installed> installed(release::AppId const& app) override {
        auto const known = records_.installed(app);
        if (!known) return pass_on(known);
        return check::Installed{known->current, known->highest_counter};
    }

    Result<std::string> quarantined(release::AppId const& app, release::Digest const& package) override {
        auto const reason = records_.quarantined(app, package);
        if (!reason) return pass_on(reason);
        return reason->value_or("");
    }

private:
    Records& records_;
};

}  // namespace lanyard::journal
