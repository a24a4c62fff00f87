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
    bool offline_root = false;
    bool offline_targets = false;
    std::vector<std::string> thresholds;  // "2/3" for what is offline, or "root=2/3"
    std::optional<std::filesystem::path> key_dir;
    std::vector<std::filesystem::path> root_keys;
    std::vector<std::filesystem::path> targets_keys;
    bool passphrase = false;
    std::optional<std::filesystem::path> passphrase_file;
    bool qr = false;
};

struct PublishOptions {
    std::filesystem::path source;
    bool uploaded = false;  // the order came from elsewhere (nobody is asked for a passphrase), PATH is in uploads/
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
    std::string role = "targets";
    std::optional<std::filesystem::path> passphrase_file;
    bool critical = false;
    std::uint32_t deadline_hours = 0;
    bool restarts_machine = false;
    std::uint32_t drain_seconds = 0;
    bool keep_ports = false;
    std::uint32_t installer_seconds = 0;
    std::vector<std::string> arguments;   // of an installer
    std::vector<std::string> exit_codes;  // "8=restart"
    std::string product;
    std::string product_version;
    std::string remove_command;
    bool unconfined = false;
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
struct VerifyOptions : NamedRelease {};
struct WithdrawOptions : NamedRelease {
    bool remote = false;  // given elsewhere: nobody is here who could be asked for a passphrase
    std::optional<std::filesystem::path> passphrase_file;
};

struct ListKeysOptions {};
struct GenerateOptions {
    std::filesystem::path file;
    bool passphrase = false;
    std::optional<std::filesystem::path> passphrase_file;
};
struct RotateOptions {
    std::vector<std::string> roles;
    std::vector<std::string> keys;  // files of public keys, or ids of keys that stay
    std::optional<std::uint32_t> threshold;
    std::optional<std::filesystem::path> passphrase_file;
};
struct RevokeOptions {
    std::string role;
    std::string key;
    std::optional<std::uint32_t> threshold;
    std::optional<std::filesystem::path> passphrase_file;
};
struct RenewOptions {
    std::string role;
    std::optional<std::filesystem::path> passphrase_file;
};

struct AddDelegationOptions {
    std::string name;
    std::vector<std::string> paths;
    std::vector<std::filesystem::path> keys;
    std::uint32_t threshold = 1;
    bool terminating = false;
    std::optional<std::filesystem::path> passphrase_file;
};
struct RemoveDelegationOptions {
    std::string name;
    std::optional<std::filesystem::path> passphrase_file;
};
struct RenewDelegationOptions {
    std::string name;
    std::optional<std::filesystem::path> passphrase_file;
};
struct ListDelegationsOptions {};

struct ImportOptions {
    std::vector<std::filesystem::path> files;
    std::optional<std::filesystem::path> passphrase_file;
};

struct ServeOptions {};
struct StatusOptions {};

struct Invocation {
    std::filesystem::path state;
    bool json = false;
    std::string remote;              // empty: beside the state directory
    std::filesystem::path identity;  // of the operator, for `remote`
    std::variant<InitOptions, PublishOptions, ListOptions, ShowOptions, WithdrawOptions, ServeOptions, StatusOptions,
                 ListKeysOptions, GenerateOptions, RotateOptions, RevokeOptions, RenewOptions, ImportOptions,
                 AddDelegationOptions, RemoveDelegationOptions, RenewDelegationOptions, ListDelegationsOptions,
                 VerifyOptions, OperatorOptions, v1::AdminRequest>
        command;
};

// What --help or --version asks to print.
struct Help {
    std::string text;
};

Result<std::variant<Invocation, Help>> parse_command_line(int argc, char const* const* argv);

}  // namespace lanyard::console
