#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "tests/crash/releases.h"

namespace lanyard::crash {

// What the node is to do: from release `from` (0: nothing is installed) to release `to`, which may turn out unhealthy.
struct Task {
    std::uint64_t from = 1;
    std::uint64_t to = 2;
    bool sick = false;
    bool watched = true;  // whatever is started is looked at, which takes calls that are not the node's

    std::uint64_t goal() const { return sick ? from : to; }
};

// What is on the disk between two lives of a node.
struct Look {
    std::uint64_t current = 0;        // release that `current` names; 0: there is none
    std::optional<std::string> torn;  // neither the old nor the new release, whole
};

struct Lived {
    bool finished = false;            // the goal is reached, written down, and nothing is under way
    std::optional<std::string> torn;  // a release that is not whole was started
    std::string said;                 // warnings and errors, for people
};

// The state directory, the application's directory, and everything that a node writes, below `root`.
struct Disk {
    std::filesystem::path root;
    std::filesystem::path state() const { return root / "state"; }
    std::filesystem::path home() const { return root / "home"; }
};

// Reads only.
Look look(Disk const& disk, Task const& task);

// One life of a node, from the start of its process until there is nothing left to do: the state is opened or rebuilt,
// what was under way is resumed, and `task.to` is offered while it is neither installed nor in quarantine. Everything
// from the journal to the switch is the node's own code; the network, the application and the gate are not there.
Lived live(Disk const& disk, Releases const& releases, Task const& task);

// When the environment says so of this thread (main.cc): the system calls that do nothing.
void burn(std::string const& thread);

}  // namespace lanyard::crash
