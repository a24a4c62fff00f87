#pragma once

#include "proto/outcome/result.h"

namespace lanyard::platform {

// For this process and all that it starts, without a way back (seccomp(2)): no sockets, so that nothing that listens on
// this machine hears of it; no set-user-id or set-group-id bit on anything, which would outlive the confinement.
// drain::Errc::cannot_run.
Status refuse_dangerous_calls();

}  // namespace lanyard::platform
