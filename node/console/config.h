#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "manifests/release/digest.h"
#include "node/check/judge.h"
#include "node/gate/policy.h"
#include "proto/outcome/result.h"

namespace lanyard::console {

struct AppConfig {
    check::ManagedApp app;
    std::string window;         // "HH:MM-HH:MM" local time; empty: always
    gate::Policy policy{};      // of [app.policy]; see rules_of()
    std::string policy_text{};  // the keys of that section as they are written
    bool has_zone = false;      // it names its time zone
    std::string user{};         // who may speak for it (docs/reference/contract.md) beside root and its owner
};

// node.toml (docs/reference/cli.md).
struct NodeConfig {
    std::string seeder_url;
    std::vector<std::string> mirrors;  // URLs of plain copies of the seeder's public/
    release::Digest root_digest{release::Digest::Bytes{}};
    release::Digest ca_digest{release::Digest::Bytes{}};  // of the fleet CA's certificate
    std::string id;
    std::string name;
    std::chrono::seconds poll{900};
    std::string swarm_listen = "0.0.0.0";
    std::uint16_t swarm_port = 8431;
    std::vector<std::string> networks{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8"};
    std::uint64_t upload_kib_per_second = 0;
    std::uint64_t download_kib_per_second = 0;
    bool many_peers_per_address = false;
    std::string session_socket;  // for lanyard-session; empty: none
    std::vector<AppConfig> apps;

    // `file` is named in errors, with the line.
    static Result<NodeConfig> parse(std::string const& toml, std::filesystem::path const& file);
    static Result<NodeConfig> load(std::filesystem::path const& file);
    std::string to_toml() const;
};

}  // namespace lanyard::console
