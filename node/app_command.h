#pragma once

#include "node/console/options.h"

namespace lanyard {

// `lanyard-node app ...`: what an application says by running a command. Needs no state directory; speaks to
// <application's directory>/app.sock as any application does.
bool is_app_command(console::Verb verb);
int app_command(console::Options const& options);

}  // namespace lanyard
