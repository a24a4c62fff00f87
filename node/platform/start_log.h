#pragma once

#include <filesystem>
#include <string>

#include "node/platform/descriptor.h"

namespace lanyard::platform {

// The file that a started application's output goes to. Whoever owns the application's directory could put something
// else in its place, so that only a plain file is taken; else (or when it cannot be opened) output goes to /dev/null:
// an application must be able to start on a full disk.
class StartLog {
public:
    explicit StartLog(std::filesystem::path const& file);

    int descriptor() const { return file_.get(); }
    // The end of what was written since this object was made.
    std::string tail(std::size_t most) const;

private:
    Descriptor file_;
    off_t begin_ = 0;
};

}  // namespace lanyard::platform
