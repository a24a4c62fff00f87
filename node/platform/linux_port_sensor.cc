#include "node/platform/linux_port_sensor.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "node/drain/errc.h"
#include "node/platform/linux_processes.h"
#include "node/platform/tcp_table.h"

namespace lanyard::platform {
namespace {

tl::unexpected<Error> unreadable(std::filesystem::path const& table) {
    return fail(drain::Errc::ports_unknown,
                "cannot read " + table.string() + ": which ports are open is not known; mount /proc");
}

}  // namespace

Result<drain::Ports> LinuxPortSensor::listening(drain::Ports const& ports) {
    drain::Ports found;
    if (ports.empty()) return found;
    std::map<std::uint16_t, std::set<std::uint64_t>> open;
    std::set<std::uint64_t> inodes;
    bool const read = read_tcp_tables(proc_, [&](SocketEntry const& entry) {
        if (entry.state != TcpState::listening || std::find(ports.begin(), ports.end(), entry.port) == ports.end()) {
            return;
        }
        open[entry.port].insert(entry.inode);
        inodes.insert(entry.inode);
    });
    if (!read) return unreadable(proc_ / "net/tcp");
    auto const kept = only_kept_open(inodes);
    std::copy_if(ports.begin(), ports.end(), std::back_inserter(found), [&](std::uint16_t port) {
        auto const at = open.find(port);
        return at != open.end() && !std::includes(kept.begin(), kept.end(), at->second.begin(), at->second.end());
    });
    return found;
}

// To look into every process costs some milliseconds, so that it is done only where somebody keeps ports open.
std::set<std::uint64_t> LinuxPortSensor::only_kept_open(std::set<std::uint64_t> const& listening) const {
    std::set<std::uint64_t> kept;
    if (listening.empty()) return kept;
    if (keeper_) kept = keeper_->inodes();
    // The sockets of socket units. A first process by another name is the application's own, as in a container.
    auto const first = process_of(1, proc_);
    bool const systemd = first && first->name == "systemd";
    if (systemd) kept.merge(sockets_in(1, proc_));
    std::set<std::uint64_t> both;
    std::set_intersection(kept.begin(), kept.end(), listening.begin(), listening.end(),
                          std::inserter(both, both.end()));
    if (both.empty()) return both;
    for (auto const& [inode, pids] : holders_of(both, proc_)) {
        bool const another = std::any_of(pids.begin(), pids.end(), [&](auto pid) { return pid != 1 || !systemd; });
        if (another) both.erase(inode);
    }
    return both;
}

Result<std::vector<drain::ListeningSocket>> LinuxPortSensor::sockets(drain::Ports const& ports) {
    std::vector<drain::ListeningSocket> all;
    std::set<std::uint64_t> inodes;
    std::set<std::uint64_t> asked;
    auto const note = [&](char const* protocol, TcpState wanted, SocketEntry const& entry) {
        if (entry.state != wanted) return;
        all.push_back({protocol, address_text(entry.address), entry.port, entry.uid, entry.inode});
        inodes.insert(entry.inode);
        if (std::find(ports.begin(), ports.end(), entry.port) != ports.end()) asked.insert(entry.inode);
    };
    bool const read =
        read_tcp_tables(proc_, [&](SocketEntry const& entry) { note("tcp", TcpState::listening, entry); });
    if (!read) return unreadable(proc_ / "net/tcp");
    // A machine without UDP has nothing to tell.
    read_udp_tables(proc_, [&](SocketEntry const& entry) { note("udp", TcpState::unconnected, entry); });
    auto const holders = asked.empty() ? Holders() : holders_of(inodes, proc_);
    std::set<std::uint64_t> processes;
    for (auto const inode : asked) {
        if (auto const held = holders.find(inode); held != holders.end()) {
            processes.insert(held->second.begin(), held->second.end());
        }
    }
    // It holds the sockets of everybody's socket units.
    processes.erase(1);
    std::vector<drain::ListeningSocket> found;
    for (auto& socket : all) {
        auto const held = holders.find(socket.inode);
        bool const theirs = held != holders.end() && std::any_of(held->second.begin(), held->second.end(),
                                                                 [&](auto pid) { return processes.contains(pid); });
        if (!asked.contains(socket.inode) && !theirs) continue;
        for (auto const pid : held == holders.end() ? std::set<std::uint64_t>() : held->second) {
            if (auto process = process_of(pid, proc_)) socket.holders.push_back(std::move(*process));
        }
        found.push_back(std::move(socket));
    }
    return found;
}

std::uint64_t LinuxPortSensor::ticks() { return ticks_now(); }

}  // namespace lanyard::platform
