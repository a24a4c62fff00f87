#include "node/platform/linux_confinement.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "node/drain/errc.h"
#include "node/platform/descriptor.h"
#include "node/platform/linux_call_filter.h"
#include "node/platform/linux_spawn.h"

namespace lanyard::platform {
namespace {

namespace fs = std::filesystem;

constexpr int kLastCapability = 63;
constexpr int kCannotRun = 126;

tl::unexpected<Error> cannot(std::string const& what) {
    return fail(drain::Errc::cannot_run, "a script cannot be confined: " + what + ": " + std::strerror(errno) +
                                             "; it needs root or user namespaces, and Linux 5.12");
}

bool set_mount(fs::path const& at, unsigned flags, std::uint64_t set, std::uint64_t clear) {
    mount_attr attributes{};
    attributes.attr_set = set;
    attributes.attr_clr = clear;
    return syscall(SYS_mount_setattr, AT_FDCWD, at.c_str(), flags, &attributes, sizeof attributes) == 0;
}

bool write_text(char const* file, std::string const& text) {
    std::ofstream out(file);
    out << text << std::flush;
    return out.good();
}

// Without root everything else is possible only in a user namespace of our own.
Status become_root_of_nothing() {
    auto const user = std::to_string(geteuid());
    auto const group = std::to_string(getegid());
    if (unshare(CLONE_NEWUSER) != 0) return cannot("no user namespace");
    if (!write_text("/proc/self/setgroups", "deny") || !write_text("/proc/self/uid_map", user + " " + user + " 1") ||
        !write_text("/proc/self/gid_map", group + " " + group + " 1")) {
        return cannot("no user in its namespace");
    }
    return {};
}

Status leave_everything() {
    if (geteuid() != 0) {
        if (auto const alone = become_root_of_nothing(); !alone) return alone;
    }
    if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC) != 0) return cannot("no namespaces");
    return {};
}

// Where the releases lie, among them those that are run again later: not the script's to change or to move.
Status fix_releases(fs::path const& releases) {
    struct stat is {};
    if (lstat(releases.c_str(), &is) != 0) return {};
    if (!S_ISDIR(is.st_mode)) return cannot(releases.string() + " is no directory");
    auto const* const place = releases.c_str();
    if (mount(place, place, nullptr, MS_BIND | MS_REC, nullptr) != 0) return cannot("the releases stay writable");
    return {};
}

constexpr char const* kDevices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};

// The devices of this list alone: whoever has root's number may open all others, and a read-only mount is no hindrance.
class Devices {
public:
    // Copies of them, before a directory of their own hides the real one.
    Status hide() {
        for (auto const* device : kDevices) {
            copies_.emplace_back(
                static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, device, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
            if (!copies_.back()) return cannot(std::string("no ") + device);
        }
        if (mount("none", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k") != 0)
            return cannot("/dev stays");
        for (auto const* device : kDevices) {
            if (!write_text(device, "")) return cannot(std::string("no place for ") + device);
        }
        std::pair<char const*, char const*> const links[] = {{"/proc/self/fd", "/dev/fd"},
                                                             {"/proc/self/fd/0", "/dev/stdin"},
                                                             {"/proc/self/fd/1", "/dev/stdout"},
                                                             {"/proc/self/fd/2", "/dev/stderr"}};
        for (auto const& [target, link] : links) {
            if (symlink(target, link) != 0) return cannot(std::string("no ") + link);
        }
        return {};
    }

    // Once nothing else is a device any more.
    Status show() const {
        for (std::size_t i = 0; i < copies_.size(); ++i) {
            bool const there =
                syscall(SYS_move_mount, copies_[i].get(), "", AT_FDCWD, kDevices[i], MOVE_MOUNT_F_EMPTY_PATH) == 0;
            if (!there || !set_mount(kDevices[i], 0, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0)) {
                return cannot(std::string("no ") + kDevices[i]);
            }
        }
        return {};
    }

private:
    std::vector<Descriptor> copies_;
};

Status see_files_only(fs::path const& writable) {
    auto const* const place = writable.c_str();
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return cannot("no mounts of its own");
    if (mount(place, place, nullptr, MS_BIND | MS_REC, nullptr) != 0) return cannot("its directory cannot be mounted");
    if (auto const fixed = fix_releases(writable / "versions"); !fixed) return fixed;
    Devices devices;
    if (auto const hidden = devices.hide(); !hidden) return hidden;
    if (!set_mount("/", AT_RECURSIVE, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0)) {
        return cannot("the machine stays writable");
    }
    // Not what is mounted below it: that may be read-only for a reason.
    if (!set_mount(writable, 0, 0, MOUNT_ATTR_RDONLY)) return cannot("its directory stays read-only");
    if (auto const shown = devices.show(); !shown) return shown;
    // Read-only: what root owns in /proc/sys it may write without any right of root.
    if (mount("proc", "/proc", "proc", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
        return cannot("no /proc");
    }
    if (mount("none", "/run", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, nullptr) != 0) return cannot("/run stays");
    return {};
}

Status keep_no_rights() {
    for (int capability = 0; capability <= kLastCapability; ++capability) {
        // EINVAL: the kernel has no more.
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL) return cannot("capabilities stay");
    }
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2]{};
    if (syscall(SYS_capset, &header, &none) != 0) return cannot("capabilities stay");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return cannot("it could get rights back");
    return {};
}

[[noreturn]] void become(fs::path const& writable, std::vector<std::string>& words) {
    auto ready = see_files_only(writable);
    if (ready) ready = keep_no_rights();
    if (ready) ready = refuse_dangerous_calls();
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    if (ready) {
        execvp(arguments.front(), arguments.data());
        ready = fail(drain::Errc::cannot_run, words.front() + " cannot be run: " + std::strerror(errno));
    }
    auto const line = ready.error().detail + "\n";
    [[maybe_unused]] auto const told = write(STDERR_FILENO, line.data(), line.size());
    _exit(kCannotRun);
}

}  // namespace

Result<int> run_confined(fs::path const& writable, std::vector<std::string> words) {
    if (auto const alone = leave_everything(); !alone) return pass_on(alone);
    // The first process in there: when it ends, the kernel ends all that it has started.
    auto const child = fork();
    if (child < 0) return cannot("no process");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        become(writable, words);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return cannot("it cannot be waited for");
    }
    return exit_code_of(status);
}

std::string why_not_confined(fs::path const& program) {
    std::error_code failed;
    if (!fs::exists(program, failed)) return "there is no " + program.string();
    auto const child = fork();
    if (child == 0) {
        int const nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(nowhere, STDERR_FILENO);
        // Nobody but who installed the node may put something into that directory.
        auto const own = program.parent_path();
        execl(program.c_str(), program.c_str(), own.c_str(), "/bin/true", nullptr);
        _exit(kCannotRun);
    }
    int status = 0;
    bool const ended = child > 0 && waitpid(child, &status, 0) == child;
    if (ended && exit_code_of(status) == 0) return "";
    return "its kernel does not let the node confine a script";
}

}  // namespace lanyard::platform
