#include "seeder/console/member_commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "manifests/trust/envelope.h"
#include "proto/http/networks.h"
#include "proto/identity/key.h"
#include "proto/identity/token.h"
#include "proto/outcome/plain_text.h"
#include "seeder/authority/nodes.h"
#include "seeder/authority/tokens.h"
#include "seeder/console/errc.h"
#include "seeder/console/qr_code.h"
#include "seeder/console/render.h"
#include "seeder/console/table.h"
#include "seeder/publish/manifest_rows.h"

namespace lanyard::console {
namespace {

using authority::NodeState;

constexpr std::uint32_t kMostLines = 10'000;
constexpr std::size_t kWide = 140;  // an id is not to be cut off

v1::EnrolledNode to_message(authority::NodeEntry const& node) {
    v1::EnrolledNode message;
    message.set_node_id(node.id);
    message.set_name(node.name);
    message.set_address(node.address);
    message.set_state(text(node.state));
    message.set_by(node.by);
    message.set_asked_at(node.asked_at);
    message.set_decided_at(node.decided_at);
    message.set_certificate_until(node.valid_until);
    return message;
}

std::string time_or_dash(std::int64_t seconds) { return seconds == 0 ? "-" : human_time(seconds); }

Status list_nodes(OpenState& state, v1::AdminRequest const& request, Terminal& terminal) {
    std::optional<NodeState> wanted;
    if (auto const& named = request.list_nodes().state(); !named.empty()) {
        auto const parsed = authority::parse_node_state(named);
        if (!parsed) return pass_on(parsed);
        wanted = *parsed;
    }
    auto const nodes = authority::Nodes(state.database).list(wanted);
    if (!nodes) return pass_on(nodes);
    v1::NodeList list;
    list.set_schema(1);
    Table table({"NODE", "ID", "ADDRESS", "STATE", "BY", "CERTIFICATE UNTIL (UTC)"});
    for (auto const& node : *nodes) {
        *list.add_nodes() = to_message(node);
        table.add({node.name, node.id, node.address, text(node.state), node.by, time_or_dash(node.valid_until)});
    }
    if (request.json()) {
        terminal.out << to_json(list);
    } else {
        terminal.out << (nodes->empty() ? "No node has asked to be enrolled.\n" : table.to_string(kWide));
    }
    return {};
}

Status forget_waiting(OpenState& state, v1::AdminRequest const& request, Terminal& terminal) {
    auto const place = http::neighbourhood_of(request.node().waiting_at());
    auto const forgotten = authority::Nodes(state.database).forget_waiting(place);
    if (!forgotten) return pass_on(forgotten);
    v1::NodeList list;
    list.set_schema(1);
    for (auto const& node : *forgotten) *list.add_nodes() = to_message(node);
    terminal.out << (request.json() ? to_json(list)
                                    : fmt::format("{} {} forgotten that waited at {}.\n", forgotten->size(),
                                                  forgotten->size() == 1 ? "node is" : "nodes are", as_plain(place)));
    return {};
}

Status one_node(OpenState& state, v1::AdminRequest const& request, authority::Actor const& actor, trust::TimePoint now,
                Terminal& terminal) {
    authority::Nodes nodes(state.database);
    auto const& order = request.node();
    auto const decide = [&](NodeState decision) { return nodes.decide(order.node(), decision, actor.who, now); };
    Result<authority::NodeEntry> node = fail(Errc::wrong_usage, "say what is to be done with the node");
    if (order.verb() == v1::NodeOrder::SHOW) node = nodes.find(order.node());
    if (order.verb() == v1::NodeOrder::ACCEPT) node = decide(NodeState::accepted);
    if (order.verb() == v1::NodeOrder::REJECT) node = decide(NodeState::rejected);
    if (order.verb() == v1::NodeOrder::REVOKE) node = decide(NodeState::revoked);
    bool const forgotten = order.verb() == v1::NodeOrder::FORGET;
    if (forgotten) node = nodes.forget(order.node());
    if (!node) return pass_on(node);
    if (request.json()) {
        terminal.out << to_json(to_message(*node));
    } else if (order.verb() != v1::NodeOrder::SHOW) {
        terminal.out << fmt::format("Node {} ({}) is {}.\n", as_plain(node->name), node->id,
                                    forgotten ? "forgotten" : text(node->state));
    } else {
        terminal.out << fmt::format(
            "name               {}\nid                 {}\naddress            {}\nstate              {}\n"
            "decided by         {}\nasked (UTC)        {}\ndecided (UTC)      {}\ncertificate until  {}\n",
            as_plain(node->name), node->id, node->address, text(node->state), as_plain(node->by),
            time_or_dash(node->asked_at), time_or_dash(node->decided_at), time_or_dash(node->valid_until));
    }
    return {};
}

v1::TokenInfo to_message(authority::TokenEntry const& token, trust::TimePoint now) {
    v1::TokenInfo info;
    info.set_id(token.id);
    info.set_uses(static_cast<std::uint64_t>(token.uses));
    info.set_used(static_cast<std::uint64_t>(token.used));
    info.set_made_by(token.made_by);
    info.set_made_at(token.made_at);
    info.set_valid_until(token.valid_until);
    info.set_state(token.revoked_at                                     ? "revoked"
                   : token.used >= token.uses                           ? "used up"
                   : token.valid_until < now.time_since_epoch().count() ? "expired"
                                                                        : "valid");
    return info;
}

Status new_token(OpenState& state, v1::AdminRequest const& request, authority::Actor const& actor, trust::TimePoint now,
                 Terminal& terminal) {
    auto const ca = open_ca(state.dir, now);
    if (!ca) return pass_on(ca);
    auto const result = make_token(state, *ca, request.new_token(), actor.who, now);
    if (!result) return pass_on(result);
    if (request.json()) {
        terminal.out << to_json(*result);
        return {};
    }
    auto const what =
        result->has_info()
            ? fmt::format("Token {} lets {} join until {} UTC.", result->info().id(),
                          result->info().uses() == 1 ? "one node" : std::to_string(result->info().uses()) + " nodes",
                          human_time(result->info().valid_until()))
            : std::string("Nodes that join with this wait until `lanyard-seeder node accept ID`.");
    terminal.out << what << " On the node, with the name of an application for APP:\n  " << result->join_line() << "\n";
    if (request.new_token().qr()) return print_qr(result->join_line(), terminal);
    return {};
}

Status list_tokens(OpenState& state, bool json, trust::TimePoint now, Terminal& terminal) {
    auto const tokens = authority::Tokens(state.database).list();
    if (!tokens) return pass_on(tokens);
    v1::TokenList list;
    list.set_schema(1);
    Table table({"TOKEN", "USED", "STATE", "VALID UNTIL (UTC)", "MADE BY"});
    for (auto const& token : *tokens) {
        auto const info = to_message(token, now);
        *list.add_tokens() = info;
        table.add({info.id(), fmt::format("{} of {}", info.used(), info.uses()), info.state(),
                   human_time(info.valid_until()), info.made_by()});
    }
    if (json) {
        terminal.out << to_json(list);
    } else {
        terminal.out << (tokens->empty() ? "There is no token.\n" : table.to_string(kWide));
    }
    return {};
}

Status revoke_token(OpenState& state, v1::AdminRequest const& request, trust::TimePoint now, Terminal& terminal) {
    auto const& id = request.revoke_token().token();
    if (auto const revoked = authority::Tokens(state.database).revoke(id, now); !revoked) return revoked;
    if (!request.json()) terminal.out << "Token " << id << " gives no right any more.\n";
    if (request.json()) return list_tokens(state, true, now, terminal);
    return {};
}

Status show_audit(OpenState& state, v1::AdminRequest const& request, Terminal& terminal) {
    auto const limit = request.audit().limit();
    if (limit == 0 || limit > kMostLines) return fail(Errc::wrong_usage, "--limit is a number from 1 to 10000");
    auto const entries = authority::Audit(state.database).latest(limit);
    if (!entries) return pass_on(entries);
    v1::AuditList list;
    list.set_schema(1);
    Table table({"WHEN (UTC)", "WHO", "FROM", "WHAT", "OUTCOME"});
    for (auto const& entry : *entries) {
        auto& line = *list.add_lines();
        line.set_at(entry.at);
        line.set_who(entry.actor.who);
        line.set_source(entry.actor.source);
        line.set_what(entry.what);
        line.set_outcome(entry.outcome);
        line.set_refused(entry.refused);
        table.add({human_time(entry.at), entry.actor.who, entry.actor.source, entry.what,
                   (entry.refused ? "refused: " : "") + entry.outcome});
    }
    if (request.json()) {
        terminal.out << to_json(list);
    } else {
        terminal.out << (entries->empty() ? "Nothing has been done yet.\n" : table.to_string(kWide));
    }
    return {};
}

}  // namespace

Result<std::string> root_digest(store::Database& database) {
    auto const manifest = database.read(publish::read_manifest);
    if (!manifest) return pass_on(manifest);
    return "sha256:" + trust::sha256(manifest->roots.front().envelope).to_hex();
}

Result<v1::TokenResult> make_token(OpenState& state, authority::CertificateAuthority const& ca,
                                   v1::NewToken const& wanted, std::string const& made_by, trust::TimePoint now) {
    identity::Token token{ca.fingerprint(), ""};
    v1::TokenResult result;
    result.set_schema(1);
    auto const digest = root_digest(state.database);
    if (!digest) return pass_on(digest);
    if (!wanted.pin_only()) {
        token.secret = identity::random_bytes(identity::Token::kSecretSize);
        auto const life = std::chrono::seconds(std::min<std::uint64_t>(wanted.valid_seconds(), 1u << 30));
        auto const entry = authority::Tokens(state.database).add(token.secret, wanted.uses(), life, made_by, now);
        if (!entry) return pass_on(entry);
        *result.mutable_info() = to_message(*entry, now);
    }
    result.set_token(token.to_text());
    result.set_join_line(join_line(state.config, *digest, result.token()));
    return result;
}

Result<v1::TokenResult> make_first_token(OpenState& state, authority::CertificateAuthority const& ca,
                                         std::string const& made_by, trust::TimePoint now) {
    v1::NewToken first;
    first.set_uses(1);
    first.set_valid_seconds(std::chrono::seconds(std::chrono::days(1)).count());
    return make_token(state, ca, first, made_by, now);
}

Status member_command(StateDir const& dir, v1::AdminRequest const& request, authority::Actor const& actor,
                      trust::TimePoint now, Terminal& terminal) {
    auto state = open_state(dir.root());
    if (!state) return pass_on(state);
    switch (request.command_case()) {
        case v1::AdminRequest::kListNodes:
            return list_nodes(*state, request, terminal);
        case v1::AdminRequest::kNode:
            if (request.node().verb() == v1::NodeOrder::FORGET && !request.node().waiting_at().empty()) {
                return forget_waiting(*state, request, terminal);
            }
            return one_node(*state, request, actor, now, terminal);
        case v1::AdminRequest::kNewToken:
            return new_token(*state, request, actor, now, terminal);
        case v1::AdminRequest::kListTokens:
            return list_tokens(*state, request.json(), now, terminal);
        case v1::AdminRequest::kRevokeToken:
            return revoke_token(*state, request, now, terminal);
        default:
            return show_audit(*state, request, terminal);
    }
}

}  // namespace lanyard::console
