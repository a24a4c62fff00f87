#include "node/platform/linux_place.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <vector>

#include "node/apply/errc.h"
#include "node/platform/descriptor.h"

namespace lanyard::platform {
namespace {

namespace fs = std::filesystem;

constexpr char const* kVersions = "versions";
constexpr char const* kLink = "current";
constexpr char const* kNextLink = ".current.next";

tl::unexpected<Error> trouble(char const* what, fs::path const& path, std::error_code const& why) {
    return fail(apply::Errc::unusable_home, fmt::format("cannot {} {}: {}; check its owner, its free space, and that "
                                                        "it lies on one file system",
                                                        what, path.string(), why.message()));
}

std::error_code last_error() { return {errno, std::generic_category()}; }

Status sync_directory(fs::path const& directory) {
    Descriptor const open(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (open.get() < 0 || ::fsync(open.get()) != 0) return trouble("keep the change in", directory, last_error());
    return {};
}

}  // namespace

Status LinuxPlace::make_directory(fs::path const& directory) {
    // The topmost that is missing decides which existing directory must be synced.
    std::vector<fs::path> missing;
    std::error_code failed;
    for (auto at = directory; !fs::exists(at, failed) && at.has_relative_path(); at = at.parent_path()) {
        missing.push_back(at);
    }
    fs::create_directories(directory, failed);
    if (failed) return trouble("make", directory, failed);
    for (auto const& made : missing) {
        if (auto const kept = sync_directory(made.parent_path()); !kept) return kept;
    }
    return {};
}

Status LinuxPlace::move(fs::path const& from, fs::path const& to) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
        return trouble("move a release to", to, last_error());
    }
    if (auto const kept = sync_directory(to.parent_path()); !kept) return kept;
    return sync_directory(from.parent_path());
}

Result<std::optional<std::string>> LinuxPlace::current(fs::path const& home) const {
    auto const link = home / kLink;
    std::error_code failed;
    auto const kind = fs::symlink_status(link, failed).type();
    if (kind == fs::file_type::not_found) return std::optional<std::string>();
    auto const to = kind == fs::file_type::symlink ? fs::read_symlink(link, failed) : fs::path();
    if (failed) return trouble("read", link, failed);
    auto const version = to.filename().string();
    if (to != fs::path(kVersions) / version || version.empty() || version == "." || version == "..") {
        return fail(apply::Errc::foreign_current,
                    fmt::format("{} was not made by this node: move it away, or give the application another directory",
                                link.string()));
    }
    return std::optional<std::string>(version);
}

Status LinuxPlace::point(fs::path const& home, std::string const& version) {
    // Not over somebody else's file.
    if (auto const ours = current(home); !ours) return pass_on(ours);
    auto const next = home / kNextLink;
    auto const link = home / kLink;
    ::unlink(next.c_str());
    auto const to = fs::path(kVersions) / version;
    if (::symlink(to.c_str(), next.c_str()) != 0) return trouble("make", next, last_error());
    if (::rename(next.c_str(), link.c_str()) != 0) {
        auto const why = last_error();
        ::unlink(next.c_str());
        return trouble("switch", link, why);
    }
    return sync_directory(home);
}

Status LinuxPlace::clear(fs::path const& home) {
    auto const now = current(home);
    if (!now) return pass_on(now);
    if (!*now) return {};
    if (::unlink((home / kLink).c_str()) != 0) return trouble("take away", home / kLink, last_error());
    return sync_directory(home);
}

}  // namespace lanyard::platform
