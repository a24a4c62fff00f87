#include "node/platform/socket_access.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "node/platform/descriptor.h"

namespace lanyard::platform {
namespace {

// The kernel's form of an access list (linux/posix_acl_xattr.h): little-endian, a version, then tag, rights and id.
enum Tag : std::uint16_t { kOwner = 0x01, kUser = 0x02, kGroup = 0x04, kMask = 0x10, kOther = 0x20 };
constexpr std::uint32_t kVersion = 2;
constexpr std::uint16_t kReadWrite = 6;
constexpr std::uint32_t kNobody = 0xffffffff;

void add(std::string& list, std::uint32_t number, int bytes) {
    for (int i = 0; i < bytes; ++i) list += static_cast<char>(number >> (8 * i) & 0xff);
}

void add_entry(std::string& list, Tag tag, std::uint16_t rights, std::uint32_t id) {
    add(list, tag, 2);
    add(list, rights, 2);
    add(list, id, 4);
}

std::string list_of(std::set<uid_t> const& others) {
    std::string list;
    add(list, kVersion, 4);
    add_entry(list, kOwner, kReadWrite, kNobody);
    for (auto const user : others) add_entry(list, kUser, kReadWrite, user);
    add_entry(list, kGroup, 0, kNobody);
    add_entry(list, kMask, kReadWrite, kNobody);
    add_entry(list, kOther, 0, kNobody);
    return list;
}

}  // namespace

int open_to(std::filesystem::path const& path, std::set<uid_t> const& others, ino_t& inode) {
    // Whoever owns the directory may have put something else in the socket's place since it was made, so that a path is
    // nothing to go by.
    Descriptor const file(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat is {};
    if (!file || fstat(file.get(), &is) != 0) return errno;
    if (!S_ISSOCK(is.st_mode) || is.st_nlink != 1 || is.st_uid != geteuid()) return EBUSY;
    inode = is.st_ino;
    auto const same = "/proc/self/fd/" + std::to_string(file.get());
    if (chmod(same.c_str(), 0600) != 0) return errno;
    if (others.empty()) return 0;
    bool const given_away =
        others.size() == 1 && geteuid() == 0 && fchownat(file.get(), "", *others.begin(), -1, AT_EMPTY_PATH) == 0;
    if (given_away) return 0;
    auto const list = list_of(others);
    if (setxattr(same.c_str(), "system.posix_acl_access", list.data(), list.size(), 0) == 0) return 0;
    if (errno != ENOTSUP) return errno;
    return chmod(same.c_str(), 0666) == 0 ? 0 : errno;
}

}  // namespace lanyard::platform
