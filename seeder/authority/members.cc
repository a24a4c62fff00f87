#include "seeder/authority/members.h"

#include "seeder/authority/errc.h"
#include "seeder/authority/schema.h"

namespace lanyard::authority {

using store::Connection;

Result<Changes> changes_since(store::Database& database, std::int64_t revision) {
    return database.read([&](Connection& connection) -> Result<Changes> {
        Changes changes;
        auto current = connection.prepare("SELECT revision, forgotten FROM authority_revision");
        if (current.next()) changes.revision = current.integer(0);
        if (changes.revision == revision) return changes;
        changes.all_anew = current.integer(1) > revision;
        auto nodes = connection.prepare(std::string(kNodeColumns) + "WHERE changed > ?");
        nodes.bind(changes.all_anew ? 0 : revision);
        while (nodes.next()) changes.nodes.push_back(node_in(nodes));
        auto operators = connection.prepare(
            "SELECT name, role, fingerprint, made_at, valid_until, revoked_at FROM authority_operators "
            "WHERE changed > ?");
        operators.bind(revision);
        while (operators.next()) changes.operators.push_back(operator_in(operators));
        return changes;
    });
}

void Members::apply(Changes const& changes) {
    revision_ = changes.revision;
    if (changes.all_anew) nodes_.clear();
    for (auto const& node : changes.nodes) nodes_.insert_or_assign(node.id, Node{node.state, node.public_key});
    for (auto const& one : changes.operators) {
        // A name that was given again has another certificate; the one before allows nothing any more.
        std::erase_if(operators_, [&](auto const& known) { return known.second.name == one.name; });
        operators_.insert_or_assign(one.fingerprint, one);
    }
}

std::optional<NodeState> Members::state_of(std::string const& id) const {
    auto const found = nodes_.find(id);
    return found == nodes_.end() ? std::nullopt : std::optional(found->second.state);
}

Result<Members::Node const*> Members::accepted_node(std::string_view id) const {
    auto const found = nodes_.find(std::string(id));
    if (found == nodes_.end()) {
        return fail(Errc::refused, "this seeder does not know the node: join it with a token");
    }
    if (found->second.state == NodeState::accepted) return &found->second;
    return fail(Errc::refused, std::string("this node is ") + text(found->second.state) +
                                   (found->second.state == NodeState::pending ? ": an operator has to accept it" : ""));
}

Result<Operator const*> Members::current_operator(std::string const& fingerprint, std::chrono::sys_seconds now) const {
    auto const found = operators_.find(fingerprint);
    if (found == operators_.end()) return fail(Errc::refused, "this certificate is no operator's");
    auto const& one = found->second;
    if (one.revoked_at) return fail(Errc::refused, "operator " + one.name + " was revoked");
    if (one.valid_until < seconds_of(now))
        return fail(Errc::refused, "the certificate of operator " + one.name + " has expired");
    return &one;
}

}  // namespace lanyard::authority
