#include "node/platform/linux_confinement.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "node/drain/errc.h"
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

// Of a mount and all below it.
bool set_mount(fs::path const& at, std::uint64_t set, std::uint64_t clear) {
    mount_attr attributes{};
    attributes.attr_set = set;
    attributes.attr_clr = clear;
    return syscall(SYS_mount_setattr, AT_FDCWD, at.c_str(), AT_RECURSIVE, &attributes, sizeof attributes) == 0;
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

Status see_files_only(fs::path const& writable) {
    auto const* const place = writable.c_str();
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return cannot("no mounts of its own");
    if (mount(place, place, nullptr, MS_BIND | MS_REC, nullptr) != 0) return cannot("its directory cannot be mounted");
    if (!set_mount("/", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0)) return cannot("the machine stays writable");
    if (!set_mount(writable, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, MOUNT_ATTR_RDONLY)) {
        return cannot("its directory stays read-only");
    }
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
        execl(program.c_str(), program.c_str(), "/var/tmp", "/bin/true", nullptr);
        _exit(kCannotRun);
    }
    int status = 0;
    bool const ended = child > 0 && waitpid(child, &status, 0) == child;
    if (ended && exit_code_of(status) == 0) return "";
    return "its kernel does not let the node confine a script";
}

}  // namespace lanyard::platform
