#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/crash/life.h"

namespace lanyard::crash {

// What came of many crashes of one kind.
struct Tally {
    std::uint64_t tried = 0;
    std::uint64_t torn = 0;           // neither old nor new, whole, at any moment
    std::uint64_t unfinished = 0;     // the next life did not finish the job: a hand would be needed
    std::uint64_t operations = 0;     // that one whole walk makes
    std::uint64_t in_recovery = 0;    // of those tried: in the life that mends an earlier crash
    std::uint64_t checked = 0;        // file systems that were broken themselves, and were mended by their own check
    std::vector<std::string> faults;  // the first few, in words

    void add(std::string const& where, Look const& found, Lived const& lived, Look const& left, Task const& task);
    std::string to_json() const;
};

struct Plan {
    std::uint64_t most = 0;
    std::uint64_t seed = 0;
    bool deaf = false;  // no sync does anything: a method that finds nothing torn then is worth nothing
};

// The walk of `task` on a disk in memory, cut off before each of its operations: of what no sync covers, each operation
// alone is lost, each alone survives, each of their beginnings survives, and random ones do; writes arrive whole, in
// half or as zeros. Each state that differs from all others is laid out under `scratch`, looked at, and given to a
// node. Ends after `plan.most` states. Throws when the model and the real disk disagree about the end of the walk.
Tally try_states(std::filesystem::path const& scratch, Releases const& releases, Task const& task, Plan const& plan);

}  // namespace lanyard::crash
