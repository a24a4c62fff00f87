#pragma once

#include "manifests/store/database.h"
#include "manifests/trust/trusted_set.h"
#include "node/console/commands.h"
#include "node/platform/linux_state.h"

namespace lanyard {

// Every migration of every room, in the order they came to be.
Result<store::Database> open_database(console::StateFiles const& files);

// Held by whoever works on the state; already_running when somebody does.
Result<platform::StateLock> lock_state(console::StateFiles const& files);

trust::TimePoint utc_now();

}  // namespace lanyard
