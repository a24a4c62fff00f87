#pragma once

#include <string>
#include <vector>

#include "node/gate/facts.h"

namespace lanyard::platform {

// What systemd-logind says on the system bus (org.freedesktop.login1(5)). Both calls may take some seconds; not on the
// io_context thread. No bus, no logind, no answer: unknown.

// Over all sessions, local and remote. A desktop that never tells logind of its idleness is never idle.
gate::Sensed<gate::Presence> presence_by_logind();

// Who blocks going idle, sleep or shutdown at this moment: "Impress: presentation". Delays do not count.
gate::Sensed<std::vector<std::string>> inhibitors_by_logind();

}  // namespace lanyard::platform
