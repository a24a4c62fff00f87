#pragma once

#include <functional>

#include "manifests/trust/trusted_set.h"
#include "proto/outcome/result.h"
#include "seeder/console/invocation.h"
#include "seeder/console/state_dir.h"
#include "seeder/console/terminal.h"

namespace lanyard::console {

// One function a command of docs/reference/cli.md, but for `serve`. Each writes its answer to terminal.out when it has
// succeeded, and changes nothing when it has not.

Status init(StateDir const& dir, InitOptions const& options, bool json, trust::TimePoint now, Terminal& terminal);

// Asked at the moment of signing: taking in a package may last an hour.
using WallClock = std::function<trust::TimePoint()>;

Status publish_release(StateDir const& dir, PublishOptions const& options, bool json, WallClock const& clock,
                       Terminal& terminal);

Status list_releases(StateDir const& dir, ListOptions const& options, bool json, Terminal& terminal);
Status show_release(StateDir const& dir, ShowOptions const& options, bool json, Terminal& terminal);
Status withdraw_release(StateDir const& dir, WithdrawOptions const& options, bool json, WallClock const& clock,
                        Terminal& terminal);

// A release that does not hold is explained on terminal.out as well; the Status then is of Kind::trust.
Status verify_release(StateDir const& dir, VerifyOptions const& options, bool json, trust::TimePoint now,
                      Terminal& terminal);

Status list_keys(StateDir const& dir, bool json, trust::TimePoint now, Terminal& terminal);
Status generate_key_file(GenerateOptions const& options, bool json, Terminal& terminal);
Status rotate_keys(StateDir const& dir, RotateOptions const& options, bool json, WallClock const& clock,
                   Terminal& terminal);
Status revoke_key(StateDir const& dir, RevokeOptions const& options, bool json, WallClock const& clock,
                  Terminal& terminal);
Status renew_role(StateDir const& dir, RenewOptions const& options, bool json, WallClock const& clock,
                  Terminal& terminal);

Status add_delegation(StateDir const& dir, AddDelegationOptions const& options, bool json, WallClock const& clock,
                      Terminal& terminal);
Status remove_delegation(StateDir const& dir, RemoveDelegationOptions const& options, bool json, WallClock const& clock,
                         Terminal& terminal);
Status renew_delegated(StateDir const& dir, RenewDelegationOptions const& options, bool json, WallClock const& clock,
                       Terminal& terminal);
Status list_delegations(StateDir const& dir, bool json, trust::TimePoint now, Terminal& terminal);

// Takes in what was signed elsewhere.
Status import_signed(StateDir const& dir, ImportOptions const& options, bool json, WallClock const& clock,
                     Terminal& terminal);

Status show_status(StateDir const& dir, bool json, trust::TimePoint now, Terminal& terminal);

// Says why on terminal.err and gives the exit code of the program.
int conclude(Status const& status, Terminal& terminal);

}  // namespace lanyard::console
