#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "proto/outcome/result.h"

namespace lanyard::console {

enum class Verb {
    join,
    run,
    status,
    check,
    update,
    history,
    rollback,
    verify,
    postpone,
    hold,
    unhold,
    why,
    policy_test,
    policy_explain,
    app_busy,
    app_idle,
    app_run,
    app_attend,
    app_exec
};

// The command line, taken apart; values are checked where they are used.
struct Options {
    Verb verb = Verb::status;
    std::filesystem::path state = "/var/lib/lanyard-node";
    bool json = false;
    bool verbose = false;

    // join
    std::string seeder;
    std::string root_digest;
    std::string token;
    std::string ca_digest;
    bool no_wait = false;
    std::vector<std::string> apps;  // NAME[@CHANNEL][=DIR]
    std::string name;
    std::optional<std::string> swarm_listen;
    std::optional<std::uint16_t> swarm_port;
    std::vector<std::string> networks;
    std::string window;
    std::optional<std::uint32_t> poll_seconds;
    bool many_peers_per_address = false;

    // update, rollback, verify
    std::string app;
    bool now = false;
    bool tonight = false;
    bool dry_run = false;

    // postpone, hold
    std::string span;

    // policy test
    std::string at;
    std::filesystem::path facts;

    // app ...
    std::string directory;  // empty: what LANYARD_DIR names
    std::uint64_t pid = 0;  // 0: who called
    std::string reason;
    std::string busy_for;
    std::string on_stop;
    std::string on_resume;
    std::vector<std::string> words;

    // verify
    std::filesystem::path file;

    // history
    std::uint32_t limit = 20;
};

// Either options, or an exit code because everything has been said (--help, --version: 0; wrong usage: 2, the sentence
// is on stderr).
struct Parsed {
    std::optional<Options> options;
    int exit_code = 0;
};
Parsed parse_command_line(int argc, char const* const* argv);

}  // namespace lanyard::console
