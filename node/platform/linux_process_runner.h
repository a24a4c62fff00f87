#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node/drain/process_runner.h"
#include "node/platform/descriptor.h"
#include "proto/async/asio.h"

namespace lanyard::platform {

// Runs commands without a thread and without SIGCHLD: the end of a process is an event of its pidfd (Linux 5.3).
// Needs SIGCHLD at its default. What it leaves running is reaped when it is used next.
class LinuxProcessRunner final : public drain::ProcessRunner {
public:
    static constexpr char const* kSearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    // `open_files`: the soft limit of them that commands get; 0: this program's.
    explicit LinuxProcessRunner(asio::io_context& io, std::string search_path = kSearchPath,
                                std::uint64_t open_files = 0)
        : io_(io), search_path_(std::move(search_path)), open_files_(open_files) {}
    ~LinuxProcessRunner() override;
    LinuxProcessRunner(LinuxProcessRunner const&) = delete;
    LinuxProcessRunner& operator=(LinuxProcessRunner const&) = delete;

    asio::awaitable<Result<drain::Ending>> run(drain::Command command, std::chrono::milliseconds deadline) override;
    asio::awaitable<Result<drain::Ending>> run_detached(drain::Command command, std::filesystem::path log,
                                                        std::chrono::milliseconds deadline) override;
    void launch_detached(drain::Command const& command, std::filesystem::path const& log) noexcept override;
    void hurry(std::chrono::milliseconds limit) override;
    void end(std::uint64_t left_running) override;

private:
    class Vigil;

    std::shared_ptr<Vigil> keep_vigil(pid_t process, Descriptor pidfd);
    std::uint64_t leave(pid_t process);
    void reap_left();

    asio::io_context& io_;
    std::string search_path_;
    std::uint64_t open_files_;
    std::vector<std::weak_ptr<Vigil>> vigils_;  // over what is under way; may hold some that have ended
    std::map<std::uint64_t, pid_t> left_;
    std::uint64_t next_name_ = 1;
};

}  // namespace lanyard::platform
