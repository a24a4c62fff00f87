#pragma once

#include "tests/crash/states.h"

namespace lanyard::crash {

// State files that come back other than they were written: node.db, its log, and what is kept of an application beside
// it; of a node at rest, and of one that was killed in the middle of `task`. Bytes are changed and files cut off, each
// byte and each length of small files and random ones of others, `plan.most` in all. After each, a node is to finish
// `task`, and to know of no release that was never signed.
Tally spoil(std::filesystem::path const& scratch, Releases const& releases, Task const& task, Plan const& plan);

}  // namespace lanyard::crash
