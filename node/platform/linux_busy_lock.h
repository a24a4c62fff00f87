#pragma once

#include "node/gate/busy_sensor.h"

namespace lanyard::platform {

// An application is busy while somebody holds a flock(2) on <home>/busy.lock, shared or exclusive. No such file: idle.
// Whatever is not a plain file, or cannot be opened: unknown. To find out, the lock is taken for a moment: applications
// should wait for it (no LOCK_NB) when they begin something.
class LinuxBusyLock final : public gate::BusySensor {
public:
    gate::Busy busy(std::filesystem::path const& home) override;
};

}  // namespace lanyard::platform
