#pragma once

#include <string_view>

#include "manifests/store/database.h"
#include "node/drain/handover_store.h"

namespace lanyard::journal {

// Table of SqliteHandovers, for the owner's list of migrations.
std::string_view handovers_schema();

// In the node's database. A row that cannot be read back counts as none: it is lost work, and no reason to stop.
class SqliteHandovers final : public drain::HandoverStore {
public:
    explicit SqliteHandovers(store::Database& database) : database_(database) {}

    Status keep(release::AppId const& app, v1::Handover const& handover) override;
    Result<std::optional<v1::Handover>> kept(release::AppId const& app) override;
    Status drop(release::AppId const& app) override;

private:
    store::Database& database_;
};

}  // namespace lanyard::journal
