#pragma once

#include "node/journal/journal.h"
#include "node/journal/rows.h"

namespace lanyard::journal {

// The journal in the node's database, which holds journal_schema().
class SqliteJournal final : public Journal {
public:
    SqliteJournal(store::Database& database, Clock now) : database_(database), now_(std::move(now)) {}

    Result<Attempt> begin(check::Offer const& offer, Phase first) override;
    Status enter(Attempt& attempt, Phase phase) override;
    Status count_start(Attempt& attempt) override;
    Status discount_start(Attempt& attempt) override;
    Status end(Attempt const& attempt, v1::Report report) override;
    Result<std::vector<Attempt>> unfinished() override;
    Result<std::optional<release::Target>> previous(release::AppId const& app) override;

private:
    Status put_starts(Attempt& attempt, unsigned starts);

    store::Database& database_;
    Clock now_;
};

}  // namespace lanyard::journal
