#pragma once

#include "node/drain/sockets.h"
#include "proto/outcome/result.h"

namespace lanyard::drain {

// Holds listening sockets open for an application that is being replaced.
class SocketKeeper {
public:
    virtual ~SocketKeeper() = default;

    // A copy out of one of the processes that hold it. Errc::cannot_hold when the system does not let us.
    virtual Result<HeldSocket> copy(ListeningSocket const& socket) = 0;
};

}  // namespace lanyard::drain
