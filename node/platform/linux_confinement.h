#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "proto/outcome/result.h"

namespace lanyard::platform {

// Runs a program that may write below `writable` only, sees no network, no other processes and nothing in /run (where
// the sockets of services are), has no capabilities whatever its user is, and cannot get any. Gives its exit code. For
// a process without threads. Needs root, or a kernel that lets users make user namespaces, and Linux 5.12.
Result<int> run_confined(std::filesystem::path const& writable, std::vector<std::string> words);

// Why run_confined() cannot be used here; empty: it can. Tries it with /bin/true, in a child of `program`.
std::string why_not_confined(std::filesystem::path const& program);

}  // namespace lanyard::platform
