#pragma once

#include <filesystem>
#include <map>
#include <set>

#include "node/drain/socket_keeper.h"
#include "node/platform/descriptor.h"

namespace lanyard::platform {

// Takes copies by pidfd_getfd(2) (Linux 5.6): needs the rights of a debugger over the application, which root has, and
// the same user where the system does not restrict ptrace. One io_context thread.
class LinuxSocketKeeper final : public drain::SocketKeeper {
public:
    explicit LinuxSocketKeeper(std::filesystem::path proc = "/proc") : proc_(std::move(proc)) {}

    Result<drain::HeldSocket> copy(drain::ListeningSocket const& socket) override;
    // What another process handed over. Errc::cannot_hold unless it is a TCP socket that listens: then it stays with
    // the caller.
    Result<drain::HeldSocket> adopt(Descriptor&& descriptor);

    // Of all copies that live, here or elsewhere in this program.
    std::set<std::uint64_t> inodes() const;

private:
    std::filesystem::path proc_;
    std::map<std::uint64_t, std::weak_ptr<int const>> held_;
};

}  // namespace lanyard::platform
