#pragma once

#include <chrono>
#include <filesystem>

#include "node/apply/tool.h"
#include "proto/async/asio.h"

namespace lanyard::apply {

// Runs installers. One of them at a time on a machine, whoever started it. An error means that nothing was run.
class Runner {
public:
    virtual ~Runner() = default;

    // Whether nobody but this process's user and root can exchange what lies in a directory, between its check and its
    // installation. Errc::unusable_home.
    virtual Status safe(std::filesystem::path const& directory) = 0;

    // What only asks; killed at its deadline.
    virtual asio::awaitable<Result<Exit>> ask(Call call, std::chrono::milliseconds deadline) = 0;

    // What changes the machine: it outlives this process, with a service manager that ends whatever a service has
    // started too. What it writes is appended to `log`. At the deadline it is killed, unless this process is to end:
    // then it goes on, and what is carried out next waits for it.
    virtual asio::awaitable<Result<Exit>> carry_out(Call call, std::filesystem::path log,
                                                    std::chrono::milliseconds deadline) = 0;

    // Returns when nothing that was carried out earlier, by an earlier process perhaps, is at work any more.
    virtual asio::awaitable<Status> wait_for_earlier(std::chrono::milliseconds deadline) = 0;

    // This process is to end: whatever is waited for above ends within a few seconds, what is carried out goes on.
    virtual void hurry() = 0;
};

}  // namespace lanyard::apply
