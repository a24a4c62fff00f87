#include "node/platform/linux_busy_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "node/platform/descriptor.h"

namespace lanyard::platform {

gate::Busy LinuxBusyLock::busy(std::filesystem::path const& home) {
    // O_NONBLOCK: opening a FIFO must not wait for its other side.
    Descriptor const file(::open((home / "busy.lock").c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) return errno == ENOENT ? gate::Busy::no : gate::Busy::unknown;
    struct stat is {};
    if (fstat(file.get(), &is) != 0 || !S_ISREG(is.st_mode)) return gate::Busy::unknown;
    if (flock(file.get(), LOCK_EX | LOCK_NB) == 0) return gate::Busy::no;
    return errno == EWOULDBLOCK ? gate::Busy::yes : gate::Busy::unknown;
}

}  // namespace lanyard::platform
