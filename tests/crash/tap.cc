// The C library's functions that can change a file system, in front of its own. Each asks the kernel itself.
#include "tests/crash/tap.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>

namespace lanyard::crash {
namespace {

struct Listener {
    std::string root;
    Tap::Before before;
    Tap::After after;
    std::atomic<std::uint64_t> count{0};
    std::atomic<bool> deaf{false};
    std::atomic<std::uint64_t> short_one{UINT64_MAX};
    std::atomic<bool> shortened{false};
    std::mutex mutex;
};

std::atomic<Listener*> listener{nullptr};

std::string path_of(int descriptor) {
    if (descriptor == AT_FDCWD) return "";
    std::array<char, 64> link{};
    std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", descriptor);
    std::array<char, PATH_MAX> path{};
    auto const length = ::readlink(link.data(), path.data(), path.size());
    return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : "";
}

std::string absolute(int directory, char const* path) {
    if (!path || path[0] == '/') return path ? path : "";
    return path_of(directory) + "/" + path;
}

bool matters(std::string const& path) {
    auto const* const now = listener.load();
    return now && path.starts_with(now->root) && !path.ends_with("-shm");
}

bool before(std::string const& path) {
    if (!matters(path)) return false;
    auto* const now = listener.load();
    auto const number = now->count++;
    if (now->before) now->before(number);
    return true;
}

bool before(int descriptor) { return listener.load() && before(path_of(descriptor)); }

bool wants_ops() {
    auto const* const now = listener.load();
    return now && now->after;
}

void tell(Op op) {
    auto* const now = listener.load();
    std::lock_guard const one_at_a_time(now->mutex);
    now->after(std::move(op));
}

ino_t inode_of(std::string const& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

ino_t inode_of(int descriptor) {
    struct stat found {};
    return ::fstat(descriptor, &found) == 0 ? found.st_ino : 0;
}

ino_t home_of(std::string const& path) { return inode_of(path.substr(0, path.rfind('/'))); }
std::string last_of(std::string const& path) { return path.substr(path.rfind('/') + 1); }

void tell_made(std::string const& path, std::string const& target = "") {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) return;
    tell({.kind = Op::Kind::make,
          .inode = found.st_ino,
          .name = path,
          .to_name = "",
          .mode = found.st_mode,
          .bytes = target});
    tell({.kind = Op::Kind::name,
          .inode = found.st_ino,
          .directory = home_of(path),
          .name = last_of(path),
          .to_name = "",
          .bytes = ""});
}

void tell_length(ino_t inode, std::uint64_t length) {
    tell({.kind = Op::Kind::resize, .inode = inode, .name = "", .to_name = "", .offset = length, .bytes = ""});
}

void tell_mode(std::string const& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) return;
    tell(
        {.kind = Op::Kind::mode, .inode = found.st_ino, .name = "", .to_name = "", .mode = found.st_mode, .bytes = ""});
}

void tell_sync(Op::Kind kind, int descriptor, bool data_only) {
    tell({.kind = kind, .inode = inode_of(descriptor), .name = "", .to_name = "", .bytes = "", .data_only = data_only});
}

// A descriptor or nothing, and what that has changed.
int opened(int directory, char const* path, int flags, mode_t mode) {
    auto const full = listener.load() ? absolute(directory, path) : "";
    bool const changes = (flags & (O_CREAT | O_TRUNC)) != 0 && matters(full);
    ino_t const was = changes ? inode_of(full) : 0;
    bool const heard = changes && before(full);
    auto const descriptor = static_cast<int>(::syscall(SYS_openat, directory, path, flags | O_LARGEFILE, mode));
    if (!heard || descriptor < 0 || !wants_ops()) return descriptor;
    auto const error = errno;
    if (was == 0) tell_made(full);
    if (was != 0 && (flags & O_TRUNC) != 0) tell_length(was, 0);
    errno = error;
    return descriptor;
}

int synced(long number, int descriptor, bool everything) {
    bool const heard = before(descriptor);
    if (heard && listener.load()->deaf) return 0;
    auto const done = static_cast<int>(::syscall(number, descriptor));
    if (!heard || done != 0 || !wants_ops()) return done;
    struct stat found {};
    ::fstat(descriptor, &found);
    auto const kind =
        everything ? Op::Kind::sync_all : (S_ISDIR(found.st_mode) ? Op::Kind::sync_names : Op::Kind::sync_file);
    tell_sync(kind, descriptor, number == SYS_fdatasync);
    return done;
}

// How much of a write is asked for.
size_t asked(bool heard, size_t length) {
    auto* const now = listener.load();
    if (!heard || length < 2 || now->count != now->short_one + 1) return length;
    now->shortened = true;
    return length / 2;
}

ssize_t written(int descriptor, char const* bytes, ssize_t done, std::int64_t offset) {
    if (done <= 0) return done;
    auto const at = offset >= 0 ? offset : ::lseek(descriptor, 0, SEEK_CUR) - done;
    tell({.kind = Op::Kind::write,
          .inode = inode_of(descriptor),
          .name = "",
          .to_name = "",
          .offset = static_cast<std::uint64_t>(at),
          .bytes = std::string(bytes, static_cast<std::size_t>(done))});
    return done;
}

int renamed(int from_directory, char const* from, int to_directory, char const* to, unsigned flags) {
    auto const full_from = listener.load() ? absolute(from_directory, from) : "";
    auto const full_to = listener.load() ? absolute(to_directory, to) : "";
    bool const heard = before(full_to);
    auto const inode = heard && wants_ops() ? inode_of(full_from) : 0;
    auto const done = static_cast<int>(::syscall(SYS_renameat2, from_directory, from, to_directory, to, flags));
    if (done == 0 && inode != 0) {
        tell({.kind = Op::Kind::move,
              .inode = inode,
              .directory = home_of(full_from),
              .name = last_of(full_from),
              .to_directory = home_of(full_to),
              .to_name = last_of(full_to),
              .bytes = ""});
    }
    return done;
}

int unnamed(int directory, char const* path, int flags) {
    auto const full = listener.load() ? absolute(directory, path) : "";
    bool const heard = before(full);
    auto const done = static_cast<int>(::syscall(SYS_unlinkat, directory, path, flags));
    if (heard && done == 0 && wants_ops()) {
        tell({.kind = Op::Kind::unname, .directory = home_of(full), .name = last_of(full), .to_name = "", .bytes = ""});
    }
    return done;
}

// For what makes a name: `call` does it.
template <class Call>
int named(int directory, char const* path, std::string const& target, Call call) {
    auto const full = listener.load() ? absolute(directory, path) : "";
    bool const heard = before(full);
    auto const done = static_cast<int>(call());
    if (heard && done == 0 && wants_ops()) tell_made(full, target);
    return done;
}

template <class Call>
int changed_mode(std::string const& full, Call call) {
    bool const heard = before(full);
    auto const done = static_cast<int>(call());
    if (heard && done == 0 && wants_ops()) tell_mode(full);
    return done;
}

template <class Call>
int resized(int descriptor, std::uint64_t length, Call call) {
    bool const heard = before(descriptor);
    auto const done = static_cast<int>(call());
    if (heard && done == 0 && wants_ops()) tell_length(inode_of(descriptor), length);
    return done;
}

FILE* stream_of(char const* name, char const* path, char const* mode) {
    using Open = FILE* (*)(char const*, char const*);
    auto const real = reinterpret_cast<Open>(::dlsym(RTLD_NEXT, name));  // NOLINT: what dlsym is for
    auto const full = listener.load() ? absolute(AT_FDCWD, path) : "";
    bool const changes = (mode[0] == 'w' || mode[0] == 'a') && matters(full);
    ino_t const was = changes ? inode_of(full) : 0;
    bool const heard = changes && before(full);
    FILE* const stream = real(path, mode);
    if (heard && stream && wants_ops()) {
        if (was == 0) tell_made(full);
        if (was != 0 && mode[0] == 'w') tell_length(was, 0);
    }
    return stream;
}

}  // namespace

void Tap::open(std::string const& directory, Before before, After after) {
    close();
    auto* const fresh = new Listener;
    fresh->root = directory + "/";
    fresh->before = std::move(before);
    fresh->after = std::move(after);
    listener = fresh;
}

void Tap::close() { delete listener.exchange(nullptr); }

void Tap::deafen() { listener.load()->deaf = true; }

void Tap::shorten(std::uint64_t number) { listener.load()->short_one = number; }

bool Tap::shortened() { return listener.load() && listener.load()->shortened; }

}  // namespace lanyard::crash

using namespace lanyard::crash;  // NOLINT: what follows has the names of the C library

// NOLINTBEGIN: the C library's own declarations
extern "C" {

int open(char const* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t const mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened(AT_FDCWD, path, flags, mode);
}
int open64(char const* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t const mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened(AT_FDCWD, path, flags, mode);
}
int openat(int directory, char const* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t const mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened(directory, path, flags, mode);
}
int openat64(int directory, char const* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t const mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened(directory, path, flags, mode);
}
FILE* fopen(char const* path, char const* mode) { return stream_of("fopen", path, mode); }
FILE* fopen64(char const* path, char const* mode) { return stream_of("fopen64", path, mode); }

ssize_t write(int descriptor, void const* bytes, size_t length) {
    bool const heard = before(descriptor);
    auto const done = ::syscall(SYS_write, descriptor, bytes, asked(heard, length));
    return heard && wants_ops() ? written(descriptor, static_cast<char const*>(bytes), done, -1) : done;
}
ssize_t pwrite64(int descriptor, void const* bytes, size_t length, off64_t offset) {
    bool const heard = before(descriptor);
    auto const done = ::syscall(SYS_pwrite64, descriptor, bytes, asked(heard, length), offset);
    return heard && wants_ops() ? written(descriptor, static_cast<char const*>(bytes), done, offset) : done;
}
ssize_t pwrite(int descriptor, void const* bytes, size_t length, off_t offset) {
    return pwrite64(descriptor, bytes, length, offset);
}
ssize_t writev(int descriptor, iovec const* parts, int count) {
    ssize_t sum = 0;
    for (int i = 0; i < count; ++i) {
        auto const done = write(descriptor, parts[i].iov_base, parts[i].iov_len);
        if (done < 0) return sum > 0 ? sum : done;
        sum += done;
        if (static_cast<size_t>(done) < parts[i].iov_len) break;
    }
    return sum;
}

int fsync(int descriptor) { return synced(SYS_fsync, descriptor, false); }
int fdatasync(int descriptor) { return synced(SYS_fdatasync, descriptor, false); }
int syncfs(int descriptor) noexcept { return synced(SYS_syncfs, descriptor, true); }

int rename(char const* from, char const* to) noexcept { return renamed(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int from_directory, char const* from, int to_directory, char const* to) noexcept {
    return renamed(from_directory, from, to_directory, to, 0);
}
int renameat2(int from_directory, char const* from, int to_directory, char const* to, unsigned flags) noexcept {
    return renamed(from_directory, from, to_directory, to, flags);
}

int unlink(char const* path) noexcept { return unnamed(AT_FDCWD, path, 0); }
int unlinkat(int directory, char const* path, int flags) noexcept { return unnamed(directory, path, flags); }
int rmdir(char const* path) noexcept { return unnamed(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(char const* path) noexcept {
    struct stat found {};
    if (::lstat(path, &found) != 0) return -1;
    return unnamed(AT_FDCWD, path, S_ISDIR(found.st_mode) ? AT_REMOVEDIR : 0);
}

int mkdirat(int directory, char const* path, mode_t mode) noexcept {
    return named(directory, path, "", [&] { return ::syscall(SYS_mkdirat, directory, path, mode); });
}
int mkdir(char const* path, mode_t mode) noexcept { return mkdirat(AT_FDCWD, path, mode); }
int symlinkat(char const* target, int directory, char const* path) noexcept {
    return named(directory, path, target, [&] { return ::syscall(SYS_symlinkat, target, directory, path); });
}
int symlink(char const* target, char const* path) noexcept { return symlinkat(target, AT_FDCWD, path); }

int fchmod(int descriptor, mode_t mode) noexcept {
    return changed_mode(path_of(descriptor), [&] { return ::syscall(SYS_fchmod, descriptor, mode); });
}
int fchmodat(int directory, char const* path, mode_t mode, int) noexcept {
    return changed_mode(absolute(directory, path), [&] { return ::syscall(SYS_fchmodat, directory, path, mode); });
}
int chmod(char const* path, mode_t mode) noexcept { return fchmodat(AT_FDCWD, path, mode, 0); }

int ftruncate64(int descriptor, off64_t length) noexcept {
    return resized(descriptor, static_cast<std::uint64_t>(length),
                   [&] { return ::syscall(SYS_ftruncate, descriptor, length); });
}
int ftruncate(int descriptor, off_t length) noexcept { return ftruncate64(descriptor, length); }
}
// NOLINTEND
