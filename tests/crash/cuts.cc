#include "tests/crash/cuts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/loop.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <random>
#include <stdexcept>

#include "tests/crash/tap.h"

namespace lanyard::crash {
namespace {

namespace fs = std::filesystem;

// linux/fs.h has it since 6.13 only; ext4 and xfs have known the number for longer.
constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kWithJournal = 1;
constexpr std::uint32_t kWithNothing = 2;

[[noreturn]] void system_error(std::string const& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

class Mounted {
public:
    explicit Mounted(Device const& device)
        : device_(device), opened_(::open(device.device.c_str(), O_RDWR | O_CLOEXEC)) {
        // However this process ends, the loop device goes with it.
        loop_info64 info{};
        if (opened_ < 0 || ::ioctl(opened_, LOOP_GET_STATUS64, &info) != 0) system_error("open " + device.device);
        info.lo_flags |= LO_FLAGS_AUTOCLEAR;
        if (::ioctl(opened_, LOOP_SET_STATUS64, &info) != 0) system_error("set " + device.device);
        mount();
    }
    ~Mounted() {
        ::umount2(device_.mounted_at.c_str(), MNT_DETACH);
        ::close(opened_);
    }
    Mounted(Mounted const&) = delete;
    Mounted& operator=(Mounted const&) = delete;

    void again() {
        unmount();
        mount();
    }

    // Whether ext4 has found itself broken, which after some thousand shutdowns it does ("bad block bitmap checksum").
    bool is_broken() const {
        std::ifstream errors("/sys/fs/ext4/" + fs::path(device_.device).filename().string() + "/errors_count");
        int count = 0;
        return errors >> count && count > 0;
    }
    // As a machine does when it starts.
    void check_and_mount() {
        unmount();
        auto const check = "e2fsck -p " + device_.device + " >/dev/null 2>&1";
        int const status = std::system(check.c_str());
        if (!WIFEXITED(status) || WEXITSTATUS(status) > 2) throw std::runtime_error("e2fsck -p could not mend it");
        mount();
    }

private:
    void unmount() const {
        if (::umount2(device_.mounted_at.c_str(), 0) != 0) system_error("umount");
    }
    void mount() const {
        if (::mount(device_.device.c_str(), device_.mounted_at.c_str(), device_.type.c_str(), MS_NOATIME,
                    device_.options.c_str()) != 0) {
            system_error("mount " + device_.device);
        }
    }

    Device device_;
    int opened_;
};

struct Cut {
    std::uint64_t at = 0;  // before this operation
    std::uint32_t how = kWithNothing;
    std::optional<std::uint64_t> synced_at;  // everything, before that operation
    bool deaf = false;
};

// One life in a process of its own, which ends with the power.
void live_until(Cut const& cut, Disk const& disk, Releases const& releases, Task const& task) {
    auto const child = ::fork();
    if (child < 0) system_error("fork");
    if (child == 0) {
        int const root = ::open(disk.root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        auto const power_goes = [&] {
            auto flags = cut.how;
            ::_exit(::ioctl(root, kShutdown, &flags) == 0 ? 0 : 1);
        };
        auto const before = [&](std::uint64_t number) {
            if (number == cut.synced_at) ::syscall(SYS_syncfs, root);
            if (number >= cut.at) power_goes();
        };
        Tap::open(disk.root.string(), before, nullptr);
        if (cut.deaf) Tap::deafen();
        live(disk, releases, task);
        power_goes();
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error("the power could not be cut");
}

std::uint64_t operations_of(Disk const& disk, Releases const& releases, Task const& task) {
    std::uint64_t count = 0;
    Tap::open(
        disk.root.string(), [&](std::uint64_t number) { count = number + 1; }, nullptr);
    auto const lived = live(disk, releases, task);
    Tap::close();
    if (!lived.finished) throw std::runtime_error("a walk without a power cut does not end: " + lived.said);
    return count;
}

Cut next_cut(std::uint64_t turn, std::uint64_t operations, bool deaf, std::mt19937_64& random) {
    Cut cut;
    cut.deaf = deaf;
    // Where nothing is synced, it shows after the switch.
    cut.at = deaf ? operations - random() % (operations / 4) : turn % (operations + 1);
    cut.how = random() % 2 == 0 ? kWithNothing : kWithJournal;
    if (!deaf && random() % 2 == 0) cut.synced_at = random() % (cut.at + 1);
    return cut;
}

}  // namespace

Tally cut_power(Device const& device, Releases const& releases, Plan const& plan) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        system_error("a mount namespace of its own");
    }
    Mounted mounted(device);
    Disk const disk{device.mounted_at};
    fs::create_directories(disk.state());
    std::mt19937_64 random(plan.seed);
    Tally tally;
    Task task{.from = 0, .to = 1};
    operations_of(disk, releases, task);
    task = {.from = 1, .to = 2};
    tally.operations = operations_of(disk, releases, task);
    std::uint64_t now = 2;
    for (auto turn = random(); tally.tried < plan.most; ++turn) {
        // What is in quarantine already would not be walked again.
        task = {.from = now, .to = now + 1, .sick = !task.sick && random() % 8 == 0};
        auto cut = next_cut(turn, tally.operations, plan.deaf, random);
        auto where = fmt::format("{} {}, {} to {}{}: cut before operation {}, {}", device.type, device.options,
                                 task.from, task.to, task.sick ? " (sick)" : "", cut.at,
                                 cut.how == kWithJournal ? "with the journal" : "with nothing");
        live_until(cut, disk, releases, task);
        mounted.again();
        ++tally.tried;
        auto found = look(disk, task);
        if (random() % 8 == 0) {
            cut = next_cut(random(), tally.operations, plan.deaf, random);
            where += fmt::format(", then before operation {}", cut.at);
            live_until(cut, disk, releases, task);
            mounted.again();
            ++tally.tried;
            ++tally.in_recovery;
            if (!found.torn) found = look(disk, task);
        }
        auto lived = live(disk, releases, task);
        if (!lived.finished && mounted.is_broken()) {
            ++tally.checked;
            mounted.check_and_mount();
            lived = live(disk, releases, task);
        }
        auto const left = look(disk, task);
        tally.add(where, found, lived, left, task);
        if (left.torn || !lived.finished) break;  // the walks after it would begin in a state that cannot be
        now = task.goal();
    }
    return tally;
}

}  // namespace lanyard::crash
