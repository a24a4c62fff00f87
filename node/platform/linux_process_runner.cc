#include "node/platform/linux_process_runner.h"

#include <fcntl.h>
// Not <sys/pidfd.h>: glibc 2.36's cannot be used from C++.
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>

#include "node/drain/errc.h"
#include "node/platform/descriptor.h"
#include "node/platform/linux_spawn.h"
#include "node/platform/start_log.h"

namespace lanyard::platform {
namespace {

using drain::Ending;
using std::chrono::milliseconds;

constexpr std::size_t kTailBytes = 4096;
// What may still be in the pipe when the command has ended; what it left behind could go on writing for ever.
constexpr std::size_t kMostRest = 256 * 1024;
// A process in the middle of a disk access that never ends does not die of SIGKILL.
constexpr milliseconds kMercy{5'000};

Result<Descriptor> watch(pid_t process) {
    Descriptor pidfd(static_cast<int>(syscall(SYS_pidfd_open, process, 0)));
    if (pidfd) return pidfd;
    int const error = errno;
    kill(-process, SIGKILL);
    waitpid(process, nullptr, 0);
    return fail(drain::Errc::cannot_run,
                "cannot watch a process: " + std::generic_category().message(error) + "; Linux 5.3 or newer is needed");
}

// Keeps the end of what comes out of a pipe, and reads on so that the writer is never blocked.
class Tail : public std::enable_shared_from_this<Tail> {
public:
    Tail(asio::io_context& io, Descriptor pipe) : pipe_(io, pipe.release()) { pipe_.non_blocking(true); }

    void read_on() {
        pipe_.async_read_some(asio::buffer(block_), [self = shared_from_this()](auto const& error, std::size_t size) {
            if (error) return;
            self->keep(size);
            self->read_on();
        });
    }

    // What is there now, without waiting for more.
    std::string take() {
        boost::system::error_code error;
        for (std::size_t rest = 0; !error && rest < kMostRest;) {
            auto const size = pipe_.read_some(asio::buffer(block_), error);
            keep(size);
            rest += size;
        }
        pipe_.close(error);
        return std::move(kept_);
    }

private:
    void keep(std::size_t size) {
        kept_.append(block_.data(), size);
        if (kept_.size() > kTailBytes) kept_.erase(0, kept_.size() - kTailBytes);
    }

    asio::posix::stream_descriptor pipe_;
    std::array<char, kTailBytes> block_{};
    std::string kept_;
};

}  // namespace

// Waits for the end of a process, up to a deadline. Shared, because a timer that has expired may call back after the
// coroutine that waited has gone.
class LinuxProcessRunner::Vigil : public std::enable_shared_from_this<Vigil> {
public:
    Vigil(asio::io_context& io, pid_t process, Descriptor pidfd)
        : process_(process), watched_(io, pidfd.release()), timer_(io) {}

    // Nothing when the deadline is over first.
    asio::awaitable<std::optional<int>> exit_code(milliseconds deadline) {
        set_deadline(deadline);
        int status = 0;
        pid_t ended = 0;
        // Asio may wake too early: it hands the place of a closed descriptor on while events of it wait to be told of.
        while (ended == 0 && !over_) {
            boost::system::error_code ignored;
            co_await watched_.async_wait(Watched::wait_read, asio::redirect_error(asio::use_awaitable, ignored));
            ended = waitpid(process_, &status, WNOHANG);
        }
        timer_.cancel();
        if (ended != process_) co_return std::nullopt;
        co_return exit_code_of(status);
    }

    void hurry(milliseconds limit) {
        if (timer_.expiry() > std::chrono::steady_clock::now() + limit) set_deadline(limit);
    }

private:
    void set_deadline(milliseconds deadline) {
        over_ = false;
        timer_.expires_after(deadline);
        timer_.async_wait([self = shared_from_this()](boost::system::error_code const& stopped) {
            if (stopped) return;
            self->over_ = true;
            self->watched_.cancel();
        });
    }

    using Watched = asio::posix::stream_descriptor;

    pid_t process_;
    Watched watched_;
    asio::steady_timer timer_;
    bool over_ = false;  // the deadline
};

LinuxProcessRunner::~LinuxProcessRunner() { reap_left(); }

std::shared_ptr<LinuxProcessRunner::Vigil> LinuxProcessRunner::keep_vigil(pid_t process, Descriptor pidfd) {
    std::erase_if(vigils_, [](auto const& vigil) { return vigil.expired(); });
    auto vigil = std::make_shared<Vigil>(io_, process, std::move(pidfd));
    vigils_.push_back(vigil);
    return vigil;
}

void LinuxProcessRunner::hurry(milliseconds limit) {
    for (auto const& known : vigils_) {
        if (auto const vigil = known.lock()) vigil->hurry(limit);
    }
}

asio::awaitable<Result<Ending>> LinuxProcessRunner::run(drain::Command command, milliseconds deadline) {
    reap_left();
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        co_return fail(drain::Errc::cannot_run, "no pipe: " + std::generic_category().message(errno));
    }
    Descriptor reading(ends[0]);
    Descriptor writing(ends[1]);
    auto const process = spawn(command, writing.get(), search_path_, open_files_);
    writing = Descriptor();
    if (!process) co_return pass_on(process);
    auto pidfd = watch(*process);
    if (!pidfd) co_return pass_on(pidfd);

    auto const output = std::make_shared<Tail>(io_, std::move(reading));
    output->read_on();
    auto const vigil = keep_vigil(*process, std::move(*pidfd));
    auto code = co_await vigil->exit_code(deadline);
    Ending ending;
    if (!code) {
        ending.timed_out = true;
        kill(-*process, SIGKILL);
        code = co_await vigil->exit_code(kMercy);
        if (!code) leave(*process);
    }
    ending.exit_code = code.value_or(0);
    ending.output = output->take();
    co_return ending;
}

asio::awaitable<Result<Ending>> LinuxProcessRunner::run_detached(drain::Command command, std::filesystem::path log,
                                                                 milliseconds deadline) {
    reap_left();
    StartLog const file(log);
    auto const process = spawn(command, file.descriptor(), search_path_, open_files_);
    if (!process) co_return pass_on(process);
    auto pidfd = watch(*process);
    if (!pidfd) co_return pass_on(pidfd);

    auto const vigil = keep_vigil(*process, std::move(*pidfd));
    auto const code = co_await vigil->exit_code(deadline);
    Ending ending;
    ending.timed_out = !code;
    ending.exit_code = code.value_or(0);
    ending.left_running = code ? 0 : leave(*process);
    ending.output = file.tail(kTailBytes);
    co_return ending;
}

void LinuxProcessRunner::launch_detached(drain::Command const& command, std::filesystem::path const& log) noexcept try {
    reap_left();
    StartLog const file(log);
    auto const process = spawn(command, file.descriptor(), search_path_, open_files_);
    if (process) leave(*process);
} catch (...) {
    // Out of memory or descriptors, in a destructor: there is nobody left to tell.
}

void LinuxProcessRunner::end(std::uint64_t left_running) {
    reap_left();
    auto const found = left_.find(left_running);
    if (found != left_.end()) kill(-found->second, SIGKILL);
}

std::uint64_t LinuxProcessRunner::leave(pid_t process) {
    left_.emplace(next_name_, process);
    return next_name_++;
}

// Until it is reaped here, a process keeps its number: end() cannot hit another one.
void LinuxProcessRunner::reap_left() {
    std::erase_if(left_, [](auto const& left) { return waitpid(left.second, nullptr, WNOHANG) != 0; });
}

}  // namespace lanyard::platform
