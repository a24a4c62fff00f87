#include "seeder/authority/nodes.h"

#include <algorithm>

#include "proto/identity/key.h"
#include "proto/outcome/plain_text.h"
#include "seeder/authority/errc.h"
#include "seeder/authority/schema.h"
#include "seeder/authority/tokens.h"

namespace lanyard::authority {
namespace {

using store::Connection;
using Verdict = Result<NodeState>;

constexpr std::size_t kMostRequestBytes = 4 * 1024;
constexpr std::size_t kLongestName = 253;
constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kFewestDigits = 4;

std::optional<NodeEntry> read_node(Connection& connection, std::string const& id) {
    auto row = connection.prepare(std::string(kNodeColumns) + "WHERE id = ?");
    row.bind(id);
    if (!row.next()) return std::nullopt;
    return node_in(row);
}

void write_node(Connection& connection, NodeEntry const& node) {
    connection
        .prepare(
            "INSERT OR REPLACE INTO authority_nodes (id, name, address, public_key, state, by, asked_at, decided_at, "
            "valid_until, neighbourhood, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(node.id)
        .bind(node.name)
        .bind(node.address)
        .bind_blob(node.public_key)
        .bind(std::string_view(text(node.state)))
        .bind(node.by)
        .bind(node.asked_at)
        .bind(node.decided_at)
        .bind(node.valid_until)
        .bind(node.neighbourhood)
        .bind(next_revision(connection))
        .run();
}

std::int64_t count(Connection& connection, std::string_view sql, std::string_view text) {
    auto row = connection.prepare(sql);
    row.bind(text);
    return row.next() ? row.integer(0) : 0;
}

Status make_room(Connection& connection, Applicant const& applicant, std::chrono::sys_seconds now) {
    connection.prepare("DELETE FROM authority_nodes WHERE state = 'pending' AND asked_at < ?")
        .bind(seconds_of(now - Nodes::kForgetPending))
        .run();
    if (connection.changed_rows() > 0) note_forgotten(connection);
    auto const pending = count(connection, "SELECT count(*) FROM authority_nodes WHERE state = ?", "pending");
    auto const neighbours =
        count(connection, "SELECT count(*) FROM authority_nodes WHERE state = 'pending' AND neighbourhood = ?",
              applicant.neighbourhood);
    if (pending < Nodes::kMostPending && neighbours < Nodes::kMostPendingOfNeighbourhood) return {};
    return fail(Errc::too_many,
                "too many nodes wait to be accepted already: let the operator accept, reject or forget those");
}

Status check_total(Connection& connection) {
    auto const all = count(connection, "SELECT count(*) FROM authority_nodes WHERE state <> ?", "pending");
    if (all < Nodes::kMost) return {};
    return fail(
        Errc::too_many,
        "this seeder has as many nodes as it can have: let the operator forget those that were revoked or rejected");
}

// Why this node is to be accepted now; nothing: it has to wait.
Result<std::optional<std::string>> sponsor_of(Connection& connection, Applicant const& applicant,
                                              std::chrono::sys_seconds now) {
    auto const& secret = applicant.request.token_secret();
    if (!secret.empty()) {
        auto const token = Tokens::use(connection, secret, now);
        if (!token) return pass_on(token);
        return std::optional("token " + *token);
    }
    if (applicant.welcome) return std::optional<std::string>("subnet");
    return std::optional<std::string>();
}

Verdict enrol_one(Connection& connection, Applicant const& applicant, std::chrono::sys_seconds valid_until,
                  std::chrono::sys_seconds now) {
    auto const& request = applicant.request;
    auto known = read_node(connection, request.node_id());
    if (known && known->state == NodeState::revoked) {
        return fail(Errc::refused,
                    "this node was revoked: to bring it back, join with a new token into a new state "
                    "directory");
    }
    if (known && known->state == NodeState::rejected && request.token_secret().empty()) {
        return fail(Errc::refused, "an operator has rejected this node: join again with a token if that was a mistake");
    }
    NodeEntry node = known.value_or(NodeEntry());
    bool const accepted = known && known->state == NodeState::accepted;
    if (!accepted) {
        auto const sponsor = sponsor_of(connection, applicant, now);
        if (!sponsor) return pass_on(sponsor);
        if (*sponsor) {
            if (auto const room = check_total(connection); !room) return pass_on(room);
            node.state = NodeState::accepted;
            node.by = **sponsor;
            node.decided_at = seconds_of(now);
        } else if (!known) {
            if (auto const room = make_room(connection, applicant, now); !room) return pass_on(room);
        }
    }
    node.id = request.node_id();
    node.name = request.node_name();
    node.address = applicant.address;
    node.neighbourhood = applicant.neighbourhood;
    node.public_key = request.public_key();
    node.asked_at = seconds_of(now);
    if (node.state == NodeState::accepted) node.valid_until = seconds_of(valid_until);
    write_node(connection, node);
    return node.state;
}

}  // namespace

char const* text(NodeState state) {
    switch (state) {
        case NodeState::pending:
            return "pending";
        case NodeState::accepted:
            return "accepted";
        case NodeState::rejected:
            return "rejected";
        case NodeState::revoked:
            break;
    }
    return "revoked";
}

Result<NodeState> parse_node_state(std::string_view state) {
    for (auto const known : {NodeState::pending, NodeState::accepted, NodeState::rejected, NodeState::revoked}) {
        if (state == text(known)) return known;
    }
    return fail(Errc::malformed,
                "'" + std::string(state) + "' is no state of a node: use pending, accepted, rejected or revoked");
}

Result<v1::EnrollRequest> check_request(v1::SignedEnrollRequest const& message) {
    if (message.request().size() > kMostRequestBytes) return fail(Errc::malformed, "the request is too long");
    v1::EnrollRequest request;
    if (!request.ParseFromString(message.request())) return fail(Errc::malformed, "the request cannot be read");
    auto const signed_by =
        identity::verify(request.public_key(), identity::Purpose::enrolment, message.request(), message.signature());
    if (!signed_by) return fail(Errc::malformed, "the request is not signed by its key: " + signed_by.error().detail);
    if (request.node_id() != identity::node_id_of(request.public_key())) {
        return fail(Errc::malformed, "node_id is not the one of the key");
    }
    if (request.node_name().size() > kLongestName || !is_plain(request.node_name())) {
        return fail(Errc::malformed, "node_name is too long, or holds a character that cannot be shown");
    }
    request.DiscardUnknownFields();
    return request;
}

NodeEntry node_in(store::Statement const& row) {
    NodeEntry node{row.text(0), row.text(1),    row.text(2),    row.blob(3),    NodeState::revoked,
                   row.text(5), row.integer(6), row.integer(7), row.integer(8), row.text(9)};
    if (auto const state = parse_node_state(row.text(4))) node.state = *state;
    return node;
}

Result<std::vector<Verdict>> Nodes::enrol(std::span<Applicant const> applicants, std::chrono::sys_seconds valid_until,
                                          std::chrono::sys_seconds now) {
    return database_.write([&](Connection& connection) -> Result<std::vector<Verdict>> {
        std::vector<Verdict> verdicts;
        for (auto const& applicant : applicants) {
            verdicts.push_back(enrol_one(connection, applicant, valid_until, now));
        }
        return verdicts;
    });
}

Result<std::vector<NodeEntry>> Nodes::list(std::optional<NodeState> state) {
    return database_.read([&](Connection& connection) -> Result<std::vector<NodeEntry>> {
        auto rows = connection.prepare(std::string(kNodeColumns) + "ORDER BY name, id");
        std::vector<NodeEntry> nodes;
        while (rows.next()) {
            auto node = node_in(rows);
            if (!state || node.state == *state) nodes.push_back(std::move(node));
        }
        return nodes;
    });
}

namespace {

bool may_be_id(std::string_view reference) {
    return reference.size() >= kFewestDigits && reference.size() <= kIdDigits &&
           reference.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

tl::unexpected<Error> no_such_node(std::string_view reference) {
    auto const why = may_be_id(reference) ? "whose id is or begins with" : "of the name";
    return fail(Errc::unknown, std::string("there is no node ") + why + " '" + std::string(reference) +
                                   "': see `lanyard-seeder node list`");
}

// `preferred`: a state of which one is meant rather than those of others; empty: none.
Result<NodeEntry> find_in(Connection& connection, std::string_view reference, std::string_view preferred = "") {
    auto const where = may_be_id(reference) ? "WHERE substr(id, 1, length(?1)) = ?1 " : "WHERE name = ?1 ";
    auto rows = connection.prepare(std::string(kNodeColumns) + where + "ORDER BY state = ?2 DESC LIMIT 2");
    rows.bind(reference).bind(preferred);
    if (!rows.next()) return no_such_node(reference);
    auto node = node_in(rows);
    if (!rows.next()) return node;
    auto const other = node_in(rows);
    if (text(node.state) == preferred && text(other.state) != preferred) return node;
    return fail(Errc::ambiguous, "'" + std::string(reference) +
                                     "' means several nodes: name one by its whole id, see `lanyard-seeder node list`");
}

Status check_decision(NodeEntry const& node, NodeState decision) {
    auto const is = [&](NodeState state) { return node.state == state; };
    bool const makes_sense = decision == NodeState::accepted   ? is(NodeState::pending) || is(NodeState::rejected)
                             : decision == NodeState::rejected ? is(NodeState::pending)
                                                               : is(NodeState::accepted);
    if (makes_sense) return {};
    auto const why = is(NodeState::revoked) ? "; what was revoked joins again with a new token and a new key" : "";
    return fail(Errc::exists_already,
                "node " + node.id + " is " + text(node.state) + " and cannot be " + text(decision) + why);
}

}  // namespace

Result<NodeEntry> Nodes::find(std::string_view reference) {
    return database_.read([&](Connection& connection) { return find_in(connection, reference); });
}

Result<NodeEntry> Nodes::decide(std::string_view reference, NodeState decision, std::string const& by,
                                std::chrono::sys_seconds now) {
    return database_.write([&](Connection& connection) -> Result<NodeEntry> {
        auto node = find_in(connection, reference, decision == NodeState::revoked ? text(NodeState::accepted) : "");
        if (!node) return node;
        if (auto const fine = check_decision(*node, decision); !fine) return pass_on(fine);
        node->state = decision;
        node->by = by;
        node->decided_at = seconds_of(now);
        write_node(connection, *node);
        return node;
    });
}

Result<NodeEntry> Nodes::forget(std::string_view reference) {
    return database_.write([&](Connection& connection) -> Result<NodeEntry> {
        auto const node = find_in(connection, reference);
        if (!node) return node;
        if (node->state == NodeState::accepted) {
            return fail(Errc::exists_already,
                        "node " + node->id + " is accepted and cannot be forgotten: revoke it first");
        }
        connection.prepare("DELETE FROM authority_nodes WHERE id = ?").bind(node->id).run();
        note_forgotten(connection);
        return node;
    });
}

Result<std::vector<NodeEntry>> Nodes::forget_waiting(std::string_view neighbourhood) {
    return database_.write([&](Connection& connection) -> Result<std::vector<NodeEntry>> {
        std::vector<NodeEntry> forgotten;
        {
            auto rows = connection.prepare(std::string(kNodeColumns) + "WHERE state = 'pending' AND neighbourhood = ?");
            rows.bind(neighbourhood);
            while (rows.next()) forgotten.push_back(node_in(rows));
        }
        if (forgotten.empty()) {
            return fail(Errc::unknown, "no node waits at '" + std::string(neighbourhood) +
                                           "': `lanyard-seeder node list --state-is pending` shows where some do");
        }
        connection.prepare("DELETE FROM authority_nodes WHERE state = 'pending' AND neighbourhood = ?")
            .bind(neighbourhood)
            .run();
        note_forgotten(connection);
        return forgotten;
    });
}

}  // namespace lanyard::authority
