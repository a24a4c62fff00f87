#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/admin.pb.h"
#include "seeder/console/member_commands.h"

namespace lanyard::console {

// The command line as it was typed, split but not yet judged.

struct InitOptions {
    std::optional<std::string> url;
    std::string listen;
    std::uint16_t port = 0;
    std::uint16_t swarm_port = 0;
    std::uint32_t expect_nodes = 0;
    bool qr = false;
};

struct PublishOptions {
    std::filesystem::path source;
    bool uploaded = false;  // it came over the network, and lies in the state directory
    std::string app;
    std::string version;
    std::string channel;
    std::optional<std::string> platform;
    std::optional<std::string> type;
    std::string notes;
    std::string start;
    std::string stop;
    std::string health;
    std::vector<std::uint16_t> ports;
    std::uint32_t start_seconds = 0;
    std::uint32_t stop_seconds = 0;
    std::uint32_t probation_seconds = 0;
};

struct ListOptions {
    std::optional<std::string> app;
};

// A release as `release show` and `release withdraw` name it.
struct NamedRelease {
    std::string app;
    std::string version;
    std::optional<std::string> channel;   // absent: all
    std::optional<std::string> platform;  // absent: all
};
struct ShowOptions : NamedRelease {};
struct WithdrawOptions : NamedRelease {};

struct ServeOptions {};
struct StatusOptions {};

struct Invocation {
    std::filesystem::path state;
    bool json = false;
    std::string remote;              // empty: beside the state directory
    std::filesystem::path identity;  // of the operator, for `remote`
    std::variant<InitOptions, PublishOptions, ListOptions, ShowOptions, WithdrawOptions, ServeOptions, StatusOptions,
                 OperatorOptions, v1::AdminRequest>
        command;
};

// What --help or --version asks to print.
struct Help {
    std::string text;
};

Result<std::variant<Invocation, Help>> parse_command_line(int argc, char const* const* argv);

}  // namespace lanyard::console
