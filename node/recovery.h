#pragma once

#include <set>

#include "manifests/store/database.h"
#include "node/console/commands.h"
#include "node/console/config.h"
#include "proto/events/events.h"

namespace lanyard {

// The database of a node, and what had to be done for it.
struct Recovered {
    store::Database database;
    std::set<release::AppId> rebuilt;  // what runs of them was found out anew
    std::set<release::AppId> unknown;  // something is installed, and nothing is known of it: to be left alone
};

// Opens it. One that is damaged is set aside (node.db.damaged-<n>, never deleted) for an empty one. What is installed
// is found out from each application's switch and keepsake when the database does not know it. The trusted root is not
// brought back here: that needs the seeder. The caller holds the state's lock.
Result<Recovered> open_or_rebuild(console::StateFiles const& files, console::NodeConfig const& config,
                                  events::Events& events);

}  // namespace lanyard
