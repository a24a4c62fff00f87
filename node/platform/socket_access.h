#pragma once

#include <sys/types.h>

#include <filesystem>
#include <set>

namespace lanyard::platform {

// Lets root, the user of this program and `others` connect to a Unix socket that this program has just made there, and
// nobody else: mode 0600, the socket of the only other one when root may give it away, else an entry for each in its
// access list (acl(5)). On a file system without access lists it is open to everybody (0666): who is at the other end
// is to be asked in any case. An errno, or 0; `inode` is then that of the socket.
int open_to(std::filesystem::path const& path, std::set<uid_t> const& others, ino_t& inode);

}  // namespace lanyard::platform
