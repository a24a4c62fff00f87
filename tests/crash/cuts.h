#pragma once

#include "tests/crash/states.h"

namespace lanyard::crash {

// A file system that can be taken away and mounted again.
struct Device {
    std::string device;   // "/dev/loop3"
    std::string type;     // "ext4"
    std::string options;  // "data=writeback"
    std::filesystem::path mounted_at;
};

// Walks from release to release on `device` and takes the power away in each walk: before its first operation, its
// second, and so on, over and over, by FS_IOC_SHUTDOWN; without what the file system holds in memory, or with its
// journal but not the files' data. In some walks everything is synced at a random earlier moment, and in some the next
// life is cut off as well. A file system that is found to be broken itself is given to e2fsck -p. After each cut the
// file system is mounted anew, looked at, and given to a node. Ends after `plan.most` cuts, or in a state that cannot
// be.
Tally cut_power(Device const& device, Releases const& releases, Plan const& plan);

}  // namespace lanyard::crash
