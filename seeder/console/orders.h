#pragma once

#include <string>

#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/admin.pb.h"
#include "seeder/authority/audit.h"
#include "seeder/authority/operators.h"
#include "seeder/console/commands.h"

namespace lanyard::console {

// The commands that are the same whether they are given here, at the local socket or over the network.

// What a role must at least be for this.
authority::Role least_role(v1::AdminRequest const& request);

// In words, for the audit: "publish shop 1.2.0", "... in the role shop-team".
std::string publish_in_words(std::string const& app, std::string const& version, std::string const& role);

// The same of any order. Empty: it changes nothing.
std::string order_in_words(v1::AdminRequest const& request);

// Carries it out and writes to `terminal` what the command says. Orders that change something leave a line in the
// audit: done, or, when they came from elsewhere, why they failed.
Status obey(StateDir const& dir, v1::AdminRequest const& request, authority::Actor const& actor, WallClock const& clock,
            Terminal& terminal);

// The line of one order that was done, or (given from elsewhere) failed. What keeps it from being written is a warning.
void note_order(StateDir const& dir, authority::Actor const& actor, std::string const& what, Status const& outcome,
                trust::TimePoint now, Terminal& terminal);

// Who works here: the user of this process.
authority::Actor local_actor();

// The forms in which options travel.
v1::PublishRelease to_message(PublishOptions const& options);
v1::NamedRelease to_message(NamedRelease const& named);

}  // namespace lanyard::console
