#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "manifests/signing/request.h"
#include "proto/outcome/result.h"
#include "seeder/console/state_dir.h"
#include "seeder/console/terminal.h"
#include "seeder/intake/disk.h"

namespace lanyard::console {

// Writes requests/<what>-<version>-<digest>.request, or adds the signatures to the one that is there; gives its path.
Result<std::filesystem::path> store_request(StateDir const& dir, intake::Disk& disk, v1::SigningRequest const& message);

// Whether such a request is stored.
bool is_asked_for(StateDir const& dir, signing::Request const& request);

Result<signing::Request> read_request(std::filesystem::path const& file);

// What releases that wait for signatures name.
std::vector<v1::Target> requested_targets(StateDir const& dir);

// Removes the requests that were made for a manifest that has changed since.
void remove_overtaken(OpenState& state, intake::Disk& disk);

// What people must do now.
std::string next_steps(signing::Request const& request, std::filesystem::path const& file);

}  // namespace lanyard::console
