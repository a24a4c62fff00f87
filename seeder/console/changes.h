#pragma once

#include <optional>
#include <string>

#include "proto/outcome/result.h"
#include "seeder/console/posix_files.h"
#include "seeder/console/state_dir.h"
#include "seeder/console/terminal.h"
#include "seeder/publish/publisher.h"

namespace lanyard::console {

// A change that waits for signatures.
struct Waiting {
    std::filesystem::path file;
    std::string words;  // what people must do now
};

// After a command has changed the repository, or has not: stores the request when signatures are missing, else removes
// what the change has overtaken. Warnings go to the terminal.
Result<std::optional<Waiting>> conclude_change(OpenState& state, intake::Disk& disk, publish::Change const& change,
                                               Terminal& terminal);

}  // namespace lanyard::console
