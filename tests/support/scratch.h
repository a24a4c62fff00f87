#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace lanyard::support {

// A directory of the test's own, removed with everything in it when this object dies.
class Scratch {
public:
    Scratch() : root_(make()) {}
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(root_, ignored);
    }
    Scratch(Scratch const&) = delete;
    Scratch& operator=(Scratch const&) = delete;

    std::filesystem::path const& root() const { return root_; }
    std::filesystem::path operator/(std::filesystem::path const& name) const { return root_ / name; }

private:
    static std::filesystem::path make() {
        std::string name = testing::TempDir() + "lanyard-XXXXXX";
        char const* const made = mkdtemp(name.data());
        if (!made)
            throw std::filesystem::filesystem_error("mkdtemp", name, std::error_code(errno, std::generic_category()));
        return made;
    }

    std::filesystem::path root_;
};

inline void write_file(std::filesystem::path const& file, std::string_view bytes) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) ADD_FAILURE() << "cannot write " << file;
}

inline std::string read_file(std::filesystem::path const& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) ADD_FAILURE() << "cannot read " << file;
    std::ostringstream bytes;
    bytes << in.rdbuf();
    return bytes.str();
}

}  // namespace lanyard::support
