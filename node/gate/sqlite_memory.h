#pragma once

#include <string_view>

#include "manifests/store/database.h"
#include "node/gate/memory.h"

namespace lanyard::gate {

// Tables of this room, for the owner's list of migrations.
std::string_view memory_schema();

// The memory in the node's database, which holds memory_schema().
class SqliteMemory final : public Memory {
public:
    explicit SqliteMemory(store::Database& database) : database_(database) {}

    Result<Wait> wait(release::AppId const& app) override;
    Status keep(release::AppId const& app, Wait const& wait) override;
    Result<History> history(release::AppId const& app) override;
    Status add_look(release::AppId const& app, std::size_t hour_of_week, bool quiet) override;

private:
    store::Database& database_;
};

}  // namespace lanyard::gate
