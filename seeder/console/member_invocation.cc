#include "seeder/console/member_invocation.h"

#include <CLI/CLI.hpp>
#include <charconv>

#include "seeder/console/errc.h"

namespace lanyard::console {
namespace {

constexpr char const* kNode = R"(Nodes that are or want to be enrolled: list, show, accept, reject, revoke, forget

Examples:
  lanyard-seeder node list --state-is pending
  lanyard-seeder node accept 4f2a            the beginning of its id is enough
  lanyard-seeder node revoke pc-17           at once, and for good
  lanyard-seeder node forget pc-17           once it is revoked and the machine is gone
)";
constexpr char const* kToken = R"(Tokens with which nodes join: new, list, revoke

Examples:
  lanyard-seeder token new                   for one node, valid for a day
  lanyard-seeder token new --uses 40 --valid 12h
  lanyard-seeder token new --pin-only        who joins with it waits to be accepted
  lanyard-seeder token revoke 1a2b3c4d
)";
constexpr char const* kOperator = R"(People with a certificate of their own: add, list, revoke

Examples:
  lanyard-seeder operator add anna --role publisher --out /media/stick
  lanyard-seeder status --remote https://seeder:8430 --identity anna.pem
  lanyard-seeder operator revoke anna        at once
)";
constexpr char const* kAudit = R"(What operators have done, and what was refused to whom

Examples:
  lanyard-seeder audit
  lanyard-seeder audit --limit 500 --json
)";

void add_node(CLI::App& app, MemberSlots& slots, AddCommand add_command) {
    auto* node = add_command(app, "node", kNode);
    node->require_subcommand(1);
    add_command(*node, "list", "List nodes\n")
        ->add_option("--state-is", slots.state, "pending, accepted, rejected or revoked [all]");
    for (auto const& [name, what] :
         {std::pair("show", "Show one node\n"), std::pair("accept", "Accept a node that waits\n"),
          std::pair("reject", "Reject a node that waits\n"), std::pair("revoke", "Revoke a node, at once\n")}) {
        add_command(*node, name, what)
            ->add_option("NODE", slots.node, "Its id, the beginning of it, or its name")
            ->required();
    }
    auto* forget = add_command(*node, "forget", "Forget a node that is not accepted; it may ask again\n");
    auto* which = forget->add_option("NODE", slots.node, "Its id, the beginning of it, or its name");
    forget->add_option("--waiting-at", slots.waiting_at, "Instead: all that wait at this address (IPv6: in its /64)")
        ->excludes(which);
}

void add_token(CLI::App& app, MemberSlots& slots, AddCommand add_command) {
    auto* token = add_command(app, "token", kToken);
    token->require_subcommand(1);
    auto* made = add_command(*token, "new", "Make a token and print the join line\n");
    made->add_option("--uses", slots.uses, "How many nodes may join with it [1]");
    made->add_option("--valid", slots.valid, "How long: 30m, 12h, 7d [1d]");
    made->add_flag("--pin-only", slots.pin_only, "Only says whom to believe; nodes wait to be accepted");
    made->add_flag("--qr", slots.qr, "The join line as a QR code, too");
    add_command(*token, "list", "List tokens; what they are is kept nowhere\n");
    add_command(*token, "revoke", "Take the rights of a token away\n")
        ->add_option("TOKEN", slots.token, "Its id, see token list")
        ->required();
}

void add_operator(CLI::App& app, MemberSlots& slots, AddCommand add_command) {
    auto& options = slots.operator_options;
    auto* people = add_command(app, "operator", kOperator);
    people->require_subcommand(1);
    auto* add = add_command(*people, "add", "Make a key and a certificate: a file to carry\n");
    add->add_option("NAME", options.name, "Of the operator")->required();
    add->add_option("--role", options.role, "publisher, operator or viewer")->required();
    add->add_option("--out", options.out, "Directory for NAME.pem [.]");
    add_command(*people, "list", "List operators\n");
    add_command(*people, "revoke", "Take the rights of an operator away, at once\n")
        ->add_option("NAME", options.name, "Of the operator")
        ->required();
}

}  // namespace

void add_member_commands(CLI::App& app, MemberSlots& slots, AddCommand add_command) {
    add_node(app, slots, add_command);
    add_token(app, slots, add_command);
    add_operator(app, slots, add_command);
    add_command(app, "audit", kAudit)->add_option("--limit", slots.limit, "How many lines, newest first [50]");
}

Result<std::chrono::seconds> parse_duration(std::string const& text) {
    std::uint32_t number = 0;
    auto const [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    std::string_view const unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    std::chrono::seconds const one = unit == "s"   ? std::chrono::seconds(1)
                                     : unit == "m" ? std::chrono::minutes(1)
                                     : unit == "h" ? std::chrono::hours(1)
                                     : unit == "d" ? std::chrono::days(1)
                                                   : std::chrono::seconds(0);
    constexpr std::uint32_t kMost = 1'000'000;
    if (wrong == std::errc() && number > 0 && number <= kMost && one.count() > 0) return number * one;
    return fail(Errc::wrong_usage, "'" + text + "' is no length of time: write it as 90s, 30m, 12h or 7d");
}

Result<v1::AdminRequest> member_request(std::string const& group, std::string const& verb, MemberSlots const& slots) {
    v1::AdminRequest request;
    if (group == "audit") {
        request.mutable_audit()->set_limit(slots.limit);
    } else if (group == "node" && verb == "list") {
        request.mutable_list_nodes()->set_state(slots.state);
    } else if (group == "node") {
        auto& order = *request.mutable_node();
        order.set_node(slots.node);
        order.set_verb(verb == "accept"   ? v1::NodeOrder::ACCEPT
                       : verb == "reject" ? v1::NodeOrder::REJECT
                       : verb == "revoke" ? v1::NodeOrder::REVOKE
                       : verb == "forget" ? v1::NodeOrder::FORGET
                                          : v1::NodeOrder::SHOW);
        order.set_waiting_at(slots.waiting_at);
        if (slots.node.empty() && slots.waiting_at.empty()) {
            return fail(Errc::wrong_usage, "say which node is to be forgotten, or with --waiting-at at which address");
        }
    } else if (verb == "list") {
        request.mutable_list_tokens();
    } else if (verb == "revoke") {
        request.mutable_revoke_token()->set_token(slots.token);
    } else {
        auto const valid = parse_duration(slots.valid);
        if (!valid) return pass_on(valid);
        auto& token = *request.mutable_new_token();
        token.set_uses(slots.uses);
        token.set_valid_seconds(static_cast<std::uint64_t>(valid->count()));
        token.set_pin_only(slots.pin_only);
        token.set_qr(slots.qr);
    }
    return request;
}

}  // namespace lanyard::console
