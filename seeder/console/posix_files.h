#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "proto/outcome/result.h"
#include "seeder/intake/disk.h"

namespace lanyard::console {

// The operating-system side of the seeder: the only place of it with POSIX headers.
class PosixDisk final : public intake::Disk {
public:
    Status write(std::filesystem::path const& file, std::string_view bytes) override;
    Status copy(std::filesystem::path const& from, std::filesystem::path const& to,
                std::function<bool(std::uint64_t)> const& on_bytes) override;
    Status sync(std::filesystem::path const& file) override;
    Status rename(std::filesystem::path const& from, std::filesystem::path const& to) override;
    Status remove(std::filesystem::path const& file) override;
    Result<Lock> lock(std::filesystem::path const& file) override;
};

// For signing::generate_key_file: a new file that only its owner may read, complete and on disk before it has its name.
// An existing one is never replaced (std::errc::file_exists).
Status write_new_private_file(std::filesystem::path const& file, std::string_view bytes);

// Writes `bytes` behind the first `offset` of a file, which is made (0600) if need be. Not flushed: PosixDisk::sync.
Status write_at(std::filesystem::path const& file, std::uint64_t offset, std::string_view bytes);

// Null when another process holds the lock.
Result<intake::Disk::Lock> try_lock(std::filesystem::path const& file);

// Whether another process holds the lock; makes no file, and takes no right to write.
bool is_locked(std::filesystem::path const& file);

// As nodes may reach this machine by it; "localhost" when it has none.
std::string host_name();

std::string user_name();                                    // of this process; its number when it has no name
std::string user_name(std::uint32_t uid);                   // the same of another
std::uint32_t owner_of(std::filesystem::path const& file);  // when it cannot be read: nobody
bool is_member(std::uint32_t uid, std::uint32_t gid, std::string const& group);
// Lets the members of the group use the socket.
Status give_to_group(std::filesystem::path const& socket, std::string const& group);

// Lets this process open as many files as the system lets it at most, and gives that number.
std::size_t raise_open_files();

// Whether stderr is a terminal that a person looks at.
bool stderr_is_terminal();

}  // namespace lanyard::console
