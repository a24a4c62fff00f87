#include "node/platform/linux_durability.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "node/platform/descriptor.h"

namespace lanyard::platform {
namespace {

// `sync` of the open directory. A failed sync is never tried again: the kernel may have dropped what it could not
// write.
Status synced(std::filesystem::path const& directory, int (*sync)(int), int kind = O_DIRECTORY) {
    Descriptor const open(::open(directory.c_str(), O_RDONLY | kind | O_NOFOLLOW | O_CLOEXEC));
    if (open && sync(open.get()) == 0) return {};
    auto const why = std::error_code(errno, std::generic_category());
    return fail(why, "cannot write " + directory.string() + " to its disk: " + why.message() + "; check the disk");
}

}  // namespace

Status make_durable(std::filesystem::path const& directory) {
    if (auto const written = synced(directory, &::syncfs); !written) return written;
    return synced(directory.parent_path(), &::fsync);
}

Status sync(std::filesystem::path const& path) { return synced(path, &::fsync, 0); }

}  // namespace lanyard::platform
