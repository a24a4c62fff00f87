#pragma once

#include <memory>

#include "proto/schema/lanyard/v1/admin.pb.h"
#include "seeder/console/member_commands.h"

namespace CLI {
class App;
}

namespace lanyard::console {

// Where CLI11 writes what it finds of the node, token, operator and audit commands.
struct MemberSlots {
    std::string node;
    std::string waiting_at;
    std::string state;
    std::string token;
    std::uint32_t uses = 1;
    std::string valid = "1d";
    bool pin_only = false;
    bool qr = false;
    std::uint32_t limit = 50;
    OperatorOptions operator_options;
};

using AddCommand = CLI::App* (*)(CLI::App& parent, char const* name, char const* description);

void add_member_commands(CLI::App& app, MemberSlots& slots, AddCommand add_command);

// What `group` and its `verb` (such as token, new) ask for.
Result<v1::AdminRequest> member_request(std::string const& group, std::string const& verb, MemberSlots const& slots);

// "90s", "30m", "12h", "7d"
Result<std::chrono::seconds> parse_duration(std::string const& text);

}  // namespace lanyard::console
