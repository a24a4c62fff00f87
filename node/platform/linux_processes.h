#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "node/drain/sockets.h"

namespace lanyard::platform {

// From stat and comm of proc(5); nothing when there is no such process.
std::optional<drain::Process> process_of(std::uint64_t pid, std::filesystem::path const& proc);

// Clock ticks since the machine's start, as the kernel notes them for a process.
std::uint64_t ticks_now();

// Which processes hold which of these sockets, by inode, less this one. Processes that may not be looked into are not
// there.
using Holders = std::map<std::uint64_t, std::set<std::uint64_t>>;  // inode -> pids
Holders holders_of(std::set<std::uint64_t> const& inodes, std::filesystem::path const& proc);
// Those of one process. Empty also when it may not be looked into.
std::set<std::uint64_t> sockets_in(std::uint64_t pid, std::filesystem::path const& proc);
// The number under which a process holds a socket.
std::optional<int> descriptor_in(std::uint64_t pid, std::uint64_t inode, std::filesystem::path const& proc);

}  // namespace lanyard::platform
