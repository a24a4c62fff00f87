#include "seeder/ceremony/differences.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "manifests/release/package_type.h"

namespace lanyard::ceremony {
namespace {

using Fields = std::vector<std::pair<char const*, std::string>>;
using Keys = std::set<std::string>;  // ids

std::string hex(std::string const& bytes) {
    std::string digits;
    for (unsigned char const byte : bytes) digits += fmt::format("{:02x}", byte);
    return digits;
}

// All of it, however long: what is cut off could be the harmful half of a command.
std::string quoted(std::string const& text) {
    if (text.empty()) return "";
    std::string line = "'";
    for (char const c : text) {
        bool const plain = c >= 0x20 && c < 0x7f;
        line += plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    return line + "'";
}

std::string health_of(v1::Health const& health) {
    switch (health.check_case()) {
        case v1::Health::kCommand:
            return "command " + quoted(health.command());
        case v1::Health::kTcpPort:
            return "TCP port " + std::to_string(health.tcp_port());
        case v1::Health::kHttpUrl:
            return quoted(health.http_url());
        case v1::Health::CHECK_NOT_SET:
            break;
    }
    return "";
}

std::string ports_of(v1::InstallPolicy const& install) {
    std::string ports;
    for (auto const port : install.ports()) ports += (ports.empty() ? "" : ", ") + std::to_string(port);
    return ports;
}

// Who signs must see what makes every node stop an application sooner.
std::string urgency_of(v1::InstallPolicy const& install) {
    std::string text = install.critical() ? "critical" : "";
    auto const add = [&](std::string const& more) { text += (text.empty() ? "" : ", ") + more; };
    if (install.deadline_hours() > 0) add(fmt::format("deadline {} h", install.deadline_hours()));
    if (install.restarts_machine()) add("restarts the machine");
    return text;
}

std::string type_of(v1::Target const& target) {
    auto const type = release::type_from_proto(target.type());
    return type ? std::string(release::text(*type)) : "type " + std::to_string(target.type());
}

// Who signs must see what an installer is told, and what it is believed.
std::string installer_of(v1::InstallPolicy const& install) {
    auto const& installer = install.installer();
    std::string text;
    auto const add = [&](std::string const& more) { text += (text.empty() ? "" : ", ") + more; };
    if (installer.seconds() > 0) add(fmt::format("{} seconds", installer.seconds()));
    for (auto const& argument : installer.arguments()) add("argument " + quoted(argument));
    for (auto const& code : installer.exit_codes()) {
        add(fmt::format("exit code {} means {}", code.code(), v1::ExitMeaning_Name(code.meaning())));
    }
    if (installer.unconfined()) add("UNCONFINED: it may do anything on each node");
    if (!installer.product().empty()) add("product " + quoted(installer.product()));
    if (!installer.product_version().empty()) add("shown as " + quoted(installer.product_version()));
    if (!installer.remove_command().empty()) add("removed by " + quoted(installer.remove_command()));
    return text;
}

Fields fields_of(v1::Target const& target) {
    auto const& install = target.install();
    return {
        {"package", type_of(target) + " of " + std::to_string(target.length()) + " bytes"},
        {"sha256", hex(target.sha256())},
        {"unpacked", fmt::format("{} bytes in {} entries", target.unpacked_length(), target.entry_count())},
        {"torrent", fmt::format("{}, pieces of {} bytes, list {}", hex(target.swarm().torrent_sha256()),
                                target.swarm().piece_length(), hex(target.swarm().piece_list_sha256()))},
        {"counter", std::to_string(target.release_counter())},
        {"start", quoted(install.start())},
        {"stop", quoted(install.stop())},
        {"health", health_of(install.health())},
        {"ports", ports_of(install)},
        {"installer", installer_of(install)},
        {"keep ports", install.keep_ports() ? "yes" : ""},
        {"seconds", fmt::format("start {}, stop {}, drain {}, probation {}", install.start_seconds(),
                                install.stop_seconds(), install.drain_seconds(), install.health().probation_seconds())},
        {"urgency", urgency_of(install)},
        {"notes", quoted(target.notes())},
    };
}

std::string name_of(v1::Target const& target) {
    return fmt::format("{} {} on {} for {}/{}", quoted(target.app()), quoted(target.version()),
                       quoted(target.channel()), quoted(target.platform().os()), quoted(target.platform().arch()));
}

std::string added(v1::Target const& target) {
    auto text = fmt::format("    + {}\n        path {}\n", name_of(target), quoted(target.path()));
    for (auto const& [name, value] : fields_of(target)) {
        if (!value.empty()) text += fmt::format("        {} {}\n", name, value);
    }
    return text;
}

std::string changed(v1::Target const& before, v1::Target const& next) {
    auto text = fmt::format("    ~ {}\n", name_of(next));
    auto const old = fields_of(before);
    auto const now = fields_of(next);
    bool said = false;
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (old[i].second == now[i].second) continue;
        said = true;
        text +=
            fmt::format("        {} {} instead of {}\n", now[i].first, now[i].second.empty() ? "none" : now[i].second,
                        old[i].second.empty() ? "none" : old[i].second);
    }
    if (!said) text += "        WARNING: something changes that this program has no words for\n";
    return text;
}

Keys keys_of(v1::Role const& role) { return {role.keyids().begin(), role.keyids().end()}; }

std::string role_differences(char const* name, v1::Role const& before, v1::Role const& next) {
    auto const old = keys_of(before);
    auto const now = keys_of(next);
    std::string text;
    for (auto const& id : now) {
        if (!old.contains(id)) text += fmt::format("    + key {} may sign for {}\n", hex(id), name);
    }
    for (auto const& id : old) {
        if (!now.contains(id)) text += fmt::format("    - key {} may no longer sign for {}\n", hex(id), name);
    }
    if (before.threshold() != next.threshold() || old.size() != now.size()) {
        text += fmt::format("    ~ {}: {} of {} keys have to sign", name, next.threshold(), now.size());
        text += old.empty() ? "\n" : fmt::format(" instead of {} of {}\n", before.threshold(), old.size());
    }
    return text;
}

std::string delegation_in_words(v1::Delegation const& delegation) {
    auto text = fmt::format("{} of {} keys have to sign:", delegation.threshold(), delegation.keyids_size());
    for (auto const& id : delegation.keyids()) text += " " + hex(id);
    text += delegation.terminating() ? ", terminating, for" : ", for";
    for (auto const& path : delegation.paths()) text += " " + quoted(path);
    return text;
}

std::string names_in_order(v1::Targets const& targets) {
    std::string names;
    for (auto const& delegation : targets.delegations()) {
        names += (names.empty() ? "" : ", ") + quoted(delegation.name());
    }
    return names;
}

// Of two roles that may name the same path the first one is believed: the order is a change of its own.
std::string order_differences(v1::Targets const& before, v1::Targets const& next) {
    auto const old = names_in_order(before);
    auto const now = names_in_order(next);
    if (next.delegations_size() < 2 || old == now) return "";
    auto const text = fmt::format("    ~ who is believed first of the roles delegated to: {}\n", now);
    return old.empty() ? text : text + fmt::format("        before: {}\n", old);
}

std::string delegation_differences(v1::Targets const& before, v1::Targets const& next) {
    std::map<std::string, std::string> old;
    for (auto const& delegation : before.delegations()) old[delegation.name()] = delegation_in_words(delegation);
    std::string text;
    for (auto const& delegation : next.delegations()) {
        auto const words = delegation_in_words(delegation);
        auto const there = old.find(delegation.name());
        if (there == old.end()) text += fmt::format("    + delegated to {}: {}\n", quoted(delegation.name()), words);
        if (there != old.end() && there->second != words) {
            text += fmt::format("    ~ delegated to {}: {}\n        before: {}\n", quoted(delegation.name()), words,
                                there->second);
        }
        old.erase(delegation.name());
    }
    for (auto const& [name, words] : old)
        text += fmt::format("    - no longer delegated to {}: {}\n", quoted(name), words);
    return text + order_differences(before, next);
}

}  // namespace

std::string differences(v1::Root const& before, v1::Root const& next) {
    auto const text = role_differences("root", before.root(), next.root()) +
                      role_differences("targets", before.targets(), next.targets()) +
                      role_differences("snapshot", before.snapshot(), next.snapshot()) +
                      role_differences("timestamp", before.timestamp(), next.timestamp());
    return text.empty() ? "    the same keys and thresholds\n" : text;
}

std::string differences(v1::Targets const& before, v1::Targets const& next) {
    std::map<std::string, v1::Target const*> old;
    for (auto const& target : before.targets()) old.emplace(target.path(), &target);
    std::string text;
    for (auto const& target : next.targets()) {
        auto const there = old.find(target.path());
        if (there == old.end()) {
            text += added(target);
            continue;
        }
        if (there->second->SerializeAsString() != target.SerializeAsString()) text += changed(*there->second, target);
        old.erase(there);
    }
    for (auto const& [path, target] : old)
        text += fmt::format("    - {}\n        path {}\n", name_of(*target), quoted(path));
    text += delegation_differences(before, next);
    if (text.empty()) text = "    the same releases\n";
    return text + fmt::format("    {} releases in all\n", next.targets_size());
}

}  // namespace lanyard::ceremony
