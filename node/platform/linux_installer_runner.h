#pragma once

#include <filesystem>

#include "node/apply/runner.h"
#include "node/drain/process_runner.h"

namespace lanyard::platform {

// Installers by flock(1), which holds a file locked while one is at work: in a session of their own, and, where systemd
// runs the machine, in a scope of their own: it would end them together with the node's service otherwise.
class LinuxInstallerRunner final : public apply::Runner {
public:
    // `lock`: a file for this purpose alone. `has_systemd`: has_systemd(), unless a test knows better. `confine`: the
    // program lanyard-confine.
    LinuxInstallerRunner(drain::ProcessRunner& runner, std::filesystem::path lock, bool has_systemd,
                         std::filesystem::path confine)
        : runner_(runner), lock_(std::move(lock)), has_systemd_(has_systemd), confine_(std::move(confine)) {}

    Status safe(std::filesystem::path const& directory) override;
    asio::awaitable<Result<apply::Exit>> ask(apply::Call call, std::chrono::milliseconds deadline) override;
    asio::awaitable<Result<apply::Exit>> carry_out(apply::Call call, std::filesystem::path log,
                                                   std::chrono::milliseconds deadline) override;
    asio::awaitable<Status> wait_for_earlier(std::chrono::milliseconds deadline) override;
    void hurry() override;

private:
    drain::ProcessRunner& runner_;
    std::filesystem::path lock_;
    bool has_systemd_;
    std::filesystem::path confine_;
    bool hurried_ = false;
};

// Whether systemd runs this machine (sd_booted(3)).
bool has_systemd();

}  // namespace lanyard::platform
