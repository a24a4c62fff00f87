#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/crash/tap.h"

namespace lanyard::crash {

// A file system in memory: what a disk holds after a power cut, as far as POSIX promises. Inodes, and names for them.
class Model {
public:
    // How a write has reached the disk.
    enum class Arrived { whole, half, zeros };

    // What lies below `directory` now, -shm files left out.
    static Model of(std::filesystem::path const& directory);

    // An operation whose inodes are not there, or whose name is another's by now, does what it can.
    void apply(Op const& op, Arrived arrived = Arrived::whole);

    // Of all that can be reached by names: equal for equal trees.
    std::uint64_t fingerprint() const;
    // As files, into a directory that is empty.
    void write_to(std::filesystem::path const& directory) const;

private:
    struct Inode {
        mode_t mode = 0;
        std::string bytes;  // or the target of a link
        std::map<std::string, ino_t> names;
    };

    void add(std::filesystem::path const& path, ino_t inode);
    void print(ino_t inode, std::string const& path, std::uint64_t& sum) const;
    void write(ino_t inode, std::filesystem::path const& path) const;

    std::map<ino_t, Inode> inodes_;
    ino_t root_ = 0;
};

// Which of ops[0..end) are surely on the disk when the power goes before ops[end]: those that a later sync among them
// covers, and no other. A file's sync covers its bytes and not its name; a directory's the names in it; a move between
// two directories needs both.
std::vector<bool> durable(std::vector<Op> const& ops, std::size_t end);

}  // namespace lanyard::crash
