#include "seeder/console/posix_files.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "seeder/ceremony/key_files.h"

namespace lanyard::console {
namespace {

namespace fs = std::filesystem;

// Everything under public/ may be served by another program.
constexpr ::mode_t kPublic = 0644;
constexpr std::size_t kBlock = 1024 * 1024;

char const* remedy(int error) {
    switch (error) {
        case ENOSPC:
        case EDQUOT:
            return "; free some space on that disk and try again";
        case EACCES:
        case EPERM:
            return "; run this as the user that owns the state directory";
        case EROFS:
            return "; it is on a disk mounted read-only";
        case ENOENT:
            return "; check the path";
        default:
            return "";
    }
}

tl::unexpected<Error> refused(std::string const& what, fs::path const& file, int error) {
    std::error_code const code(error, std::generic_category());
    return fail(code, what + " '" + file.string() + "': " + code.message() + remedy(error));
}

class File {
public:
    File(fs::path const& path, int flags, ::mode_t mode = 0) : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    File(File const&) = delete;
    File& operator=(File const&) = delete;

    explicit operator bool() const { return fd_ >= 0; }
    int fd() const { return fd_; }

private:
    int fd_;
};

// 0, or errno.
int write_all(int fd, char const* bytes, std::size_t size) {
    while (size > 0) {
        auto const count = ::write(fd, bytes, size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        bytes += count;
        size -= static_cast<std::size_t>(count);
    }
    return 0;
}

int make_lasting(int fd) { return ::fchmod(fd, kPublic) == 0 && ::fsync(fd) == 0 ? 0 : errno; }

constexpr int kReplace = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW;

// A name lasts when its folder is on disk.
Status sync_folder_of(fs::path const& file) {
    auto const folder = file.parent_path();
    File const parent(folder, O_RDONLY | O_DIRECTORY);
    if (!parent) return refused("cannot open", folder, errno);
    if (::fsync(parent.fd()) != 0) return refused("cannot write", folder, errno);
    return {};
}

}  // namespace

Status PosixDisk::write(fs::path const& file, std::string_view bytes) {
    File const out(file, kReplace, kPublic);
    if (!out) return refused("cannot write", file, errno);
    if (int const error = write_all(out.fd(), bytes.data(), bytes.size())) return refused("cannot write", file, error);
    if (int const error = make_lasting(out.fd())) return refused("cannot write", file, error);
    return {};
}

Status PosixDisk::copy(fs::path const& from, fs::path const& to, std::function<bool(std::uint64_t)> const& on_bytes) {
    File const in(from, O_RDONLY);
    if (!in) return refused("cannot read", from, errno);
    File const out(to, kReplace, kPublic);
    if (!out) return refused("cannot write", to, errno);
    std::vector<char> block(kBlock);
    std::uint64_t done = 0;
    for (;;) {
        auto const count = ::read(in.fd(), block.data(), block.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return refused("cannot read", from, errno);
        if (count == 0) break;
        auto const size = static_cast<std::size_t>(count);
        if (int const error = write_all(out.fd(), block.data(), size)) return refused("cannot write", to, error);
        done += size;
        if (!on_bytes(done)) return fail(std::make_error_code(std::errc::operation_canceled), "stopped while copying");
    }
    if (int const error = make_lasting(out.fd())) return refused("cannot write", to, error);
    return {};
}

Status PosixDisk::sync(fs::path const& file) {
    File const there(file, O_RDONLY);
    if (!there) return refused("cannot open", file, errno);
    if (int const error = make_lasting(there.fd())) return refused("cannot write", file, error);
    return {};
}

Status PosixDisk::rename(fs::path const& from, fs::path const& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return refused("cannot name", to, errno);
    return sync_folder_of(to);
}

Status PosixDisk::remove(fs::path const& file) {
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) return refused("cannot remove", file, errno);
    return {};
}

namespace {

Result<intake::Disk::Lock> take(fs::path const& file, int operation) {
    auto held = std::make_shared<File>(file, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (!*held) return refused("cannot lock", file, errno);
    while (::flock(held->fd(), operation) != 0) {
        if (errno == EWOULDBLOCK) return intake::Disk::Lock();
        if (errno != EINTR) return refused("cannot lock", file, errno);
    }
    return intake::Disk::Lock(std::move(held));
}

}  // namespace

Result<intake::Disk::Lock> PosixDisk::lock(fs::path const& file) { return take(file, LOCK_EX); }

Result<intake::Disk::Lock> try_lock(fs::path const& file) { return take(file, LOCK_EX | LOCK_NB); }

bool is_locked(fs::path const& file) {
    File const there(file, O_RDONLY);
    return there && ::flock(there.fd(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Status write_new_private_file(fs::path const& file, std::string_view bytes) {
    return ceremony::write_new_file(file, bytes, ceremony::Mode::owner_only);
}

Status write_at(fs::path const& file, std::uint64_t offset, std::string_view bytes) {
    File const out(file, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
    if (!out) return refused("cannot write", file, errno);
    if (::lseek(out.fd(), static_cast<::off_t>(offset), SEEK_SET) < 0) return refused("cannot write", file, errno);
    if (int const error = write_all(out.fd(), bytes.data(), bytes.size())) return refused("cannot write", file, error);
    return {};
}

std::string user_name() { return user_name(::geteuid()); }

std::string user_name(std::uint32_t uid) {
    std::array<char, 4096> space{};
    ::passwd entry{};
    ::passwd* found = nullptr;
    bool const known = ::getpwuid_r(uid, &entry, space.data(), space.size(), &found) == 0 && found;
    return known ? entry.pw_name : std::to_string(uid);
}

std::uint32_t owner_of(fs::path const& file) {
    struct ::stat status {};
    return ::stat(file.c_str(), &status) == 0 ? status.st_uid : ~std::uint32_t{0};
}

namespace {

// Its number and the names of its members.
struct Group {
    ::gid_t id;
    std::vector<std::string> members;
};
std::optional<Group> find_group(std::string const& name) {
    std::vector<char> space(256 * 1024);
    ::group entry{};
    ::group* found = nullptr;
    if (::getgrnam_r(name.c_str(), &entry, space.data(), space.size(), &found) != 0 || !found) return std::nullopt;
    Group group{entry.gr_gid, {}};
    for (auto const* const* member = entry.gr_mem; *member; ++member) group.members.emplace_back(*member);
    return group;
}

}  // namespace

bool is_member(std::uint32_t uid, std::uint32_t gid, std::string const& name) {
    auto const group = find_group(name);
    if (!group) return false;
    auto const user = user_name(uid);
    return group->id == gid || std::find(group->members.begin(), group->members.end(), user) != group->members.end();
}

Status give_to_group(fs::path const& socket, std::string const& name) {
    auto const group = find_group(name);
    if (!group) {
        std::error_code const code(ENOENT, std::generic_category());
        return fail(code, "[operators] of seeder.toml names the group '" + name + "', which this system does not have");
    }
    if (::chown(socket.c_str(), static_cast<::uid_t>(-1), group->id) == 0) return {};
    return refused("cannot give to the group " + name, socket, errno);
}

std::string host_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
    return name.data();
}

std::size_t raise_open_files() {
    constexpr std::size_t kUsual = 1024;
    ::rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return kUsual;
    auto const before = files.rlim_cur;
    files.rlim_cur = files.rlim_max;
    return ::setrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_max : before;
}

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

}  // namespace lanyard::console
