#pragma once

#include <string>
#include <vector>

#include "node/gate/facts.h"
#include "node/gate/sessions.h"
#include "node/platform/descriptor.h"

namespace lanyard::platform {

// What systemd-logind says on the system bus (org.freedesktop.login1(5)). All calls may take some seconds; not on the
// io_context thread. No bus, no logind, no answer: unknown.

// Over all sessions, local and remote. A desktop that never tells logind of its idleness is never idle.
gate::Sensed<gate::Presence> presence_by_logind();

// All sessions that are not about to end.
gate::Sensed<std::vector<gate::Login>> logins_by_logind();

// Who blocks going idle, sleep or shutdown at this moment: "Impress: presentation". Delays do not count.
gate::Sensed<std::vector<std::string>> inhibitors_by_logind();

// Blocks sleep and shutdown until the descriptor is closed. Who may not block them delays them, by the few seconds that
// logind allows. An empty one when there is nobody to ask.
Descriptor inhibit_by_logind(std::string const& why);

}  // namespace lanyard::platform
