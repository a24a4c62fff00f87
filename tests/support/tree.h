#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tests/support/scratch.h"

namespace lanyard::support {

// Everything below `root`: kind, mode, and content or target of each path. Two equal pictures: nothing has changed.
inline std::map<std::string, std::string> picture(std::filesystem::path const& root) {
    namespace fs = std::filesystem;
    std::map<std::string, std::string> seen;
    for (auto const& entry : fs::recursive_directory_iterator(root)) {
        auto const status = entry.symlink_status();
        auto text = "mode " + std::to_string(static_cast<unsigned>(status.permissions())) + " ";
        switch (status.type()) {
            case fs::file_type::regular:
                text += "file " + read_file(entry.path());
                break;
            case fs::file_type::directory:
                text += "directory";
                break;
            case fs::file_type::symlink:
                text += "link " + fs::read_symlink(entry.path()).string();
                break;
            default:
                text += "special";
                break;
        }
        seen[entry.path().lexically_relative(root).string()] = text;
    }
    return seen;
}

}  // namespace lanyard::support
