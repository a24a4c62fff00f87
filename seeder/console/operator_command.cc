#include <fmt/format.h>

#include "proto/identity/certificate.h"
#include "proto/identity/key.h"
#include "seeder/authority/errc.h"
#include "seeder/authority/operators.h"
#include "seeder/console/member_commands.h"
#include "seeder/console/orders.h"
#include "seeder/console/posix_files.h"
#include "seeder/console/render.h"
#include "seeder/console/table.h"

namespace lanyard::console {
namespace {

namespace fs = std::filesystem;
using authority::Operator;

v1::OperatorInfo to_message(Operator const& one, trust::TimePoint now) {
    v1::OperatorInfo info;
    info.set_name(one.name);
    info.set_role(text(one.role));
    info.set_made_at(one.made_at);
    info.set_valid_until(one.valid_until);
    info.set_state(one.revoked_at ? "revoked" : one.valid_until < now.time_since_epoch().count() ? "expired" : "valid");
    return info;
}

// Key, certificate and the fleet CA's certificate, in that order: all that --identity needs.
Result<std::string> make_identity(authority::CertificateAuthority const& ca, OperatorOptions const& options,
                                  authority::Role role, Operator& made, trust::TimePoint now) {
    auto const key = identity::Key::generate();
    if (!key) return pass_on(key);
    auto const pem = key->to_pem();
    if (!pem) return pass_on(pem);
    auto const certificate = ca.certify_operator(options.name, text(role), key->public_key(), now);
    if (!certificate) return pass_on(certificate);
    auto const read = identity::read_certificate(*certificate);
    if (!read) return pass_on(read);
    made = {options.name,
            role,
            read->fingerprint,
            now.time_since_epoch().count(),
            read->not_after.time_since_epoch().count(),
            std::nullopt};
    return *pem + *certificate + ca.certificate_pem();
}

Status add(OpenState& state, OperatorOptions const& options, bool json, trust::TimePoint now, Terminal& terminal) {
    auto const role = authority::parse_role(options.role);
    if (!role) return pass_on(role);
    if (auto const fine = authority::Operators::check_name(options.name); !fine) return fine;
    auto const ca = open_ca(state.dir, now);
    if (!ca) return pass_on(ca);
    Operator made;
    auto const bundle = make_identity(*ca, options, *role, made, now);
    if (!bundle) return pass_on(bundle);
    auto const file = options.out / (options.name + ".pem");
    std::error_code unreadable;
    if (fs::exists(file, unreadable)) {
        return fail(
            authority::Errc::exists_already,
            "'" + file.string() + "' is there already and is not replaced: move it away, or name another --out");
    }
    authority::Operators operators(state.database);
    if (auto const added = operators.add(made, now); !added) return added;
    // Without the file the name is of no use, and shall not be taken.
    if (auto const written = write_new_private_file(file, *bundle); !written) {
        static_cast<void>(operators.revoke(options.name, now));
        return written;
    }
    auto info = to_message(made, now);
    info.set_file(file.string());
    if (json) {
        terminal.out << to_json(info);
    } else {
        terminal.out << fmt::format(
            "Operator {} has the role {} until {} UTC. Carry {} to where it is used; it is the only copy of the key:\n"
            "  lanyard-seeder status --remote {} --identity {}\n",
            made.name, text(made.role), human_time(made.valid_until), file.string(), state.config.url,
            file.filename().string());
    }
    return {};
}

Status list(OpenState& state, bool json, trust::TimePoint now, Terminal& terminal) {
    auto const operators = authority::Operators(state.database).list();
    if (!operators) return pass_on(operators);
    v1::OperatorList all;
    all.set_schema(1);
    Table table({"OPERATOR", "ROLE", "STATE", "VALID UNTIL (UTC)"});
    for (auto const& one : *operators) {
        auto const info = to_message(one, now);
        *all.add_operators() = info;
        table.add({info.name(), info.role(), info.state(), human_time(info.valid_until())});
    }
    if (json) {
        terminal.out << to_json(all);
    } else {
        terminal.out << (operators->empty() ? "There is no operator with a certificate.\n" : table.to_string());
    }
    return {};
}

}  // namespace

Status operator_command(StateDir const& dir, OperatorOptions const& options, bool json, trust::TimePoint now,
                        Terminal& terminal) {
    auto state = open_state(dir.root());
    if (!state) return pass_on(state);
    if (options.verb == OperatorOptions::Verb::list) return list(*state, json, now, terminal);
    if (options.verb == OperatorOptions::Verb::add) {
        auto const added = add(*state, options, json, now, terminal);
        note_order(dir, local_actor(), "add operator " + options.name + " as " + options.role, added, now, terminal);
        return added;
    }
    auto const revoked = authority::Operators(state->database).revoke(options.name, now);
    note_order(dir, local_actor(), "revoke operator " + options.name, revoked, now, terminal);
    if (!revoked) return revoked;
    if (json) return list(*state, true, now, terminal);
    terminal.out << "Operator " << options.name << " may do nothing any more.\n";
    return {};
}

}  // namespace lanyard::console
