#include "node/platform/linux_state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "node/platform/descriptor.h"

namespace lanyard::platform {
namespace {

std::error_code errno_now() { return {errno, std::generic_category()}; }

// Whatever the system has against it: there is no state directory to work with.
std::error_code as_state(std::error_code why) {
    return kind_of(why) == Kind::state ? why : std::make_error_code(std::errc::io_error);
}

tl::unexpected<Error> unusable(std::filesystem::path const& path, std::error_code why, char const* what) {
    return fail(as_state(why),
                fmt::format("cannot {} {}: {}; check the directory's owner and free space, or name another one "
                            "with --state",
                            what, path.string(), why.message()));
}

bool write_all(int descriptor, std::string const& bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        auto const written = ::write(descriptor, bytes.data() + done, bytes.size() - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        done += static_cast<std::size_t>(written);
    }
    return true;
}

// A join that was refused removes its lock: one that was opened before that holds nobody back.
bool is_file(int descriptor, std::filesystem::path const& file) {
    struct stat opened {};
    struct stat named {};
    return ::fstat(descriptor, &opened) == 0 && ::stat(file.c_str(), &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

}  // namespace

Result<std::optional<StateLock>> StateLock::try_take(std::filesystem::path const& file) {
    constexpr int kTries = 10;
    for (int i = 0; i < kTries; ++i) {
        int const descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (descriptor < 0) return unusable(file, errno_now(), "make the lock");
        StateLock lock(descriptor);
        if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
            if (is_file(descriptor, file)) return std::optional<StateLock>(std::move(lock));
        } else {
            if (errno == EWOULDBLOCK) return std::optional<StateLock>();
            return unusable(file, errno_now(), "take the lock");
        }
    }
    return std::optional<StateLock>();
}

StateLock::StateLock(StateLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

StateLock::~StateLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Status prepare_directory(std::filesystem::path const& directory) {
    std::error_code failed;
    bool const made = std::filesystem::create_directories(directory, failed);
    if (failed) return unusable(directory, failed, "make the directory");
    if (made) std::filesystem::permissions(directory, std::filesystem::perms::owner_all, failed);
    if (failed || ::access(directory.c_str(), W_OK | X_OK) != 0) {
        return unusable(directory, failed ? failed : errno_now(), "write to");
    }
    return {};
}

Status write_file(std::filesystem::path const& file, std::string const& bytes) {
    auto const temporary = std::filesystem::path(file).concat(".new");
    {
        Descriptor const out(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
        if (out.get() < 0) return unusable(temporary, errno_now(), "write");
        if (!write_all(out.get(), bytes) || ::fsync(out.get()) != 0) {
            auto const why = errno_now();
            ::unlink(temporary.c_str());
            return unusable(temporary, why, "write");
        }
    }
    if (::rename(temporary.c_str(), file.c_str()) != 0) return unusable(file, errno_now(), "replace");
    Descriptor const directory(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0 || ::fsync(directory.get()) != 0) return unusable(file, errno_now(), "keep");
    return {};
}

std::uint64_t allocated_bytes(std::filesystem::path const& file) {
    constexpr std::uint64_t kBlock = 512;  // of st_blocks, whatever the file system's own is
    struct stat is {};
    return ::stat(file.c_str(), &is) == 0 ? static_cast<std::uint64_t>(is.st_blocks) * kBlock : 0;
}

std::string host_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0 || name.front() == '\0') return "unnamed";
    return name.data();
}

}  // namespace lanyard::platform
