#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "node/journal/journal.h"
#include "node/journal/records.h"

namespace lanyard::journal {

// What is installed of one application, kept outside the database for the day on which that is lost (keepsake.proto).
struct Keepsake {
    Installed installed;
    std::optional<release::Target> next;  // its attempt was under way: it may have become current

    std::string to_bytes() const;
    // Errc::damaged when it is not what to_bytes() gave.
    static Result<Keepsake> from_bytes(std::string_view bytes);

    // What is installed, given the version that the application's switch names (nothing: there is no switch). The
    // highest counter never falls. Errc::damaged when that release is not in here.
    Result<Installed> installed_as(std::optional<std::string> const& current) const;
};

// A journal that has each application's keepsake written: before a release can become current, and when an attempt has
// ended. A keepsake that cannot be written hinders nothing; `on_failure` hears of it.
class KeepsakeJournal final : public Journal {
public:
    using Write = std::function<Status(release::AppId const& app, std::string const& bytes)>;
    using OnFailure = std::function<void(Error const&)>;

    KeepsakeJournal(Journal& journal, Records& records, Write write, OnFailure on_failure)
        : journal_(journal), records_(records), write_(std::move(write)), on_failure_(std::move(on_failure)) {}

    Result<Attempt> begin(check::Offer const& offer, Phase first) override;
    Status enter(Attempt& attempt, Phase phase) override { return journal_.enter(attempt, phase); }
    Status count_start(Attempt& attempt) override { return journal_.count_start(attempt); }
    Status discount_start(Attempt& attempt) override { return journal_.discount_start(attempt); }
    Status end(Attempt const& attempt, v1::Report report) override;
    Result<std::vector<Attempt>> unfinished() override { return journal_.unfinished(); }
    Result<std::optional<release::Target>> previous(release::AppId const& app) override {
        return journal_.previous(app);
    }

    // At start, in case the last one could not be written. `next`: of an attempt that is under way.
    void keep(release::AppId const& app, std::optional<release::Target> next);

private:
    Journal& journal_;
    Records& records_;
    Write write_;
    OnFailure on_failure_;
};

}  // namespace lanyard::journal
