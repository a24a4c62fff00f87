#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "node/drain/sockets.h"
#include "proto/async/asio.h"
#include "proto/outcome/result.h"

namespace lanyard::drain {

// A line for the shell. It finds PATH, LANYARD_NODE (the path of this program) and this environment and nothing else of
// the node: no input, no signal settings, no descriptors but these sockets. They come as sd_listen_fds(3) has it, from
// descriptor 3 on, with LISTEN_FDS and LISTEN_FDNAMES; LISTEN_PID is the shell's own, which is the program's when the
// shell becomes it (exec).
struct Command {
    std::string line;
    std::filesystem::path directory;
    std::map<std::string, std::string> environment;
    HeldSockets sockets{};
};

// How a command ended.
struct Ending {
    bool timed_out = false;
    int exit_code = 0;               // 128 + the signal when one ended it
    std::string output{};            // the last 4 KiB of what it wrote
    std::uint64_t left_running = 0;  // names a detached command that was still running at its deadline

    bool good() const { return !timed_out && exit_code == 0; }
};

// Runs commands. An error means that the command could not even be started. One io_context thread.
class ProcessRunner {
public:
    virtual ~ProcessRunner() = default;

    // At the deadline the command is killed, with all that it started and that did not leave its process group.
    virtual asio::awaitable<Result<Ending>> run(Command command, std::chrono::milliseconds deadline) = 0;

    // For what must outlive the node: a session of its own, output appended to `log` (emptied first when it has grown
    // over 1 MiB). Waits for the command, not for what it leaves behind; at the deadline it is left alone.
    virtual asio::awaitable<Result<Ending>> run_detached(Command command, std::filesystem::path log,
                                                         std::chrono::milliseconds deadline) = 0;

    // The same without waiting: for destructors.
    virtual void launch_detached(Command const& command, std::filesystem::path const& log) noexcept = 0;

    // Whatever is under way has its deadline within `limit` from now, if not sooner.
    virtual void hurry(std::chrono::milliseconds limit) = 0;

    // Kills what Ending::left_running names, with its process group; nothing when it has ended in the meantime.
    virtual void end(std::uint64_t left_running) = 0;
};

}  // namespace lanyard::drain
