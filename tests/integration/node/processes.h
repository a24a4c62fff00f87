#pragma once

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <string>

namespace lanyard::support {

// A process that a test left running, watched and ended by its number.
class OtherProcess {
public:
    explicit OtherProcess(pid_t pid) : pid_(pid), watch_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}
    ~OtherProcess() {
        if (watch_ < 0) return;
        syscall(SYS_pidfd_send_signal, watch_, SIGKILL, nullptr, 0);
        close(watch_);
    }
    OtherProcess(OtherProcess const&) = delete;
    OtherProcess& operator=(OtherProcess const&) = delete;

    // Waits up to `milliseconds` for its end. A process that was gone before it could be watched has ended.
    bool ends_within(int milliseconds) const {
        if (watch_ < 0) return true;
        pollfd waiting{watch_, POLLIN, 0};
        return poll(&waiting, 1, milliseconds) == 1;
    }
    bool lives() const { return !ends_within(0); }

private:
    pid_t pid_;
    int watch_;
};

// A number that a command wrote; waits for the writer when `file` is a FIFO.
inline pid_t read_pid(std::string const& file) {
    pid_t pid = 0;
    std::ifstream(file) >> pid;
    return pid;
}

}  // namespace lanyard::support
