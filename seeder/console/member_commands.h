#pragma once

#include <filesystem>
#include <string>

#include "manifests/trust/trusted_set.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/admin.pb.h"
#include "seeder/authority/audit.h"
#include "seeder/console/fleet_ca.h"
#include "seeder/console/state_dir.h"
#include "seeder/console/terminal.h"

namespace lanyard::console {

// The node, token and audit commands.
Status member_command(StateDir const& dir, v1::AdminRequest const& request, authority::Actor const& actor,
                      trust::TimePoint now, Terminal& terminal);

// A token, written down but for its secret, and the line to join with it.
Result<v1::TokenResult> make_token(OpenState& state, authority::CertificateAuthority const& ca,
                                   v1::NewToken const& wanted, std::string const& made_by, trust::TimePoint now);

// The one that a repository begins with: for one node, and a day.
Result<v1::TokenResult> make_first_token(OpenState& state, authority::CertificateAuthority const& ca,
                                         std::string const& made_by, trust::TimePoint now);

// The first root's digest, as nodes are told it.
Result<std::string> root_digest(store::Database& database);

// Operators are made and revoked beside the state directory only.
struct OperatorOptions {
    enum class Verb { add, list, revoke };
    Verb verb = Verb::list;
    std::string name;
    std::string role;
    std::filesystem::path out = ".";
};
Status operator_command(StateDir const& dir, OperatorOptions const& options, bool json, trust::TimePoint now,
                        Terminal& terminal);

}  // namespace lanyard::console
