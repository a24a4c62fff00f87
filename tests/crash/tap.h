#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

namespace lanyard::crash {

// One change of a file system, as this process asks for it.
struct Op {
    enum class Kind { make, write, resize, mode, name, unname, move, sync_file, sync_names, sync_all };

    Kind kind{};
    ino_t inode = 0;      // make, write, resize, mode, name, move, sync_file; of sync_names: the directory
    ino_t directory = 0;  // name, unname, move: where the name is, or was
    std::string name;
    ino_t to_directory = 0;  // move
    std::string to_name;
    mode_t mode = 0;           // make (with its type), mode
    std::uint64_t offset = 0;  // write; resize: the new length
    std::string bytes;         // write; make: the target of a link
    bool data_only = false;
};

// Hears of every change below one directory that this process makes through the C library, whoever makes it: our rooms,
// the C++ library, SQLite. The functions of the C library that can change a file system are defined in tap.cc once
// more, and come before the library's own. What is mapped into memory is not seen: SQLite's -shm file, which holds
// nothing.
class Tap {
public:
    // Before each change (and each sync), with its number from 0. Must not change files itself.
    using Before = std::function<void(std::uint64_t number)>;
    // After each that succeeded.
    using After = std::function<void(Op op)>;

    // One at a time. `after` costs a few system calls a change; nothing: leave it out.
    static void open(std::string const& directory, Before before, After after);
    static void close();

    // Of what is open: from now on a sync says that it was done, and is not. What finds no fault then finds nothing.
    static void deafen();
    // The change of this number, when it is a write, writes half of its bytes and says so.
    static void shorten(std::uint64_t number);
    static bool shortened();
};

}  // namespace lanyard::crash
