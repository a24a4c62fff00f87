#include "node/platform/start_log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

namespace lanyard::platform {
namespace {

constexpr off_t kMostBytes = 1024 * 1024;
constexpr mode_t kMode = 0640;

// O_NONBLOCK: opening a FIFO must not wait for its other side.
Descriptor open_plain(std::filesystem::path const& file) {
    Descriptor opened(::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, kMode));
    struct stat is {};
    if (!opened || fstat(opened.get(), &is) != 0 || !S_ISREG(is.st_mode) || is.st_nlink != 1) return Descriptor();
    return opened;
}

off_t size_of(int descriptor) {
    struct stat is {};
    return fstat(descriptor, &is) == 0 ? is.st_size : 0;
}

}  // namespace

// Truncated, not replaced: what still runs and has it open must not go on to fill a file that nobody can see.
StartLog::StartLog(std::filesystem::path const& file) : file_(open_plain(file)) {
    if (!file_) {
        file_ = Descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC));
        return;
    }
    if (size_of(file_.get()) > kMostBytes && ftruncate(file_.get(), 0) != 0) return;
    begin_ = size_of(file_.get());
}

std::string StartLog::tail(std::size_t most) const {
    auto const end = size_of(file_.get());
    auto const from = std::max(begin_, end - static_cast<off_t>(most));
    if (end <= from) return {};
    std::string text(static_cast<std::size_t>(end - from), '\0');
    auto const got = pread(file_.get(), text.data(), text.size(), from);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

}  // namespace lanyard::platform
