#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lanyard::drain {

// A process, told apart from a later one of the same number by when it was started.
struct Process {
    std::uint64_t pid = 0;
    std::string name{};
    std::uint64_t started = 0;  // clock ticks after the machine's start

    bool is(Process const& other) const { return pid == other.pid && started == other.started; }
};

// A socket that waits for connections (tcp) or datagrams (udp).
struct ListeningSocket {
    std::string protocol;  // "tcp", "udp"
    std::string address;
    std::uint16_t port = 0;
    std::uint32_t uid = 0;           // of who made it
    std::uint64_t inode = 0;         // the same for all its copies
    std::vector<Process> holders{};  // who has it open, less this node; empty when that cannot be seen
};

// A copy of a listening socket that this node holds: its port stays open for as long as any copy lives.
struct HeldSocket {
    std::string name;  // for LISTEN_FDNAMES
    std::string address;
    std::uint16_t port = 0;
    std::shared_ptr<int const> descriptor;  // is closed when the last owner goes
    std::uint64_t inode = 0;                // the same for all copies of the socket
};

using HeldSockets = std::vector<HeldSocket>;

// What a descriptor may be called in LISTEN_FDNAMES, as sd_listen_fds_with_names(3) has it: no colon, no control
// characters, 1 to 255 bytes. Everything else gives "unknown".
std::string socket_name(std::string const& wished);

}  // namespace lanyard::drain
