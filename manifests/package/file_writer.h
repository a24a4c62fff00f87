#pragma once

#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "proto/outcome/result.h"

namespace lanyard::package {

// What an operation on `file` failed with, as Errc::disk_full or Errc::unwritable.
Error write_error(std::filesystem::path const& file, std::error_code const& why);

// A file being written; its errors come back as they happen. Nothing is removed by it.
class FileWriter {
public:
    Status open(std::filesystem::path const& file);  // made, or emptied
    Status write(std::span<char const> bytes);
    Status close();

private:
    Status failed() const;

    std::filesystem::path file_;
    std::ofstream out_;
};

}  // namespace lanyard::package
