#include "node/platform/linux_socket_keeper.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>

#include "node/drain/errc.h"
#include "node/platform/linux_processes.h"

namespace lanyard::platform {
namespace {

tl::unexpected<Error> not_held(std::string const& why) { return fail(drain::Errc::cannot_hold, why); }

std::uint64_t inode_of(int descriptor) {
    struct stat is {};
    return fstat(descriptor, &is) == 0 && S_ISSOCK(is.st_mode) ? is.st_ino : 0;
}

int option(int descriptor, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

bool has_place(int descriptor, drain::HeldSocket& socket) {
    sockaddr_storage place{};
    socklen_t size = sizeof place;
    void* const any = &place;
    if (getsockname(descriptor, static_cast<sockaddr*>(any), &size) != 0) return false;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (place.ss_family == AF_INET) {
        auto const* const v4 = static_cast<sockaddr_in const*>(any);
        socket.port = ntohs(v4->sin_port);
        inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    } else if (place.ss_family == AF_INET6) {
        auto const* const v6 = static_cast<sockaddr_in6 const*>(any);
        socket.port = ntohs(v6->sin6_port);
        inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    } else {
        return false;
    }
    socket.address = text.data();
    return true;
}

Result<Descriptor> copy_from(drain::Process const& holder, std::uint64_t inode, std::filesystem::path const& proc) {
    Descriptor const pidfd(static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(holder.pid), 0)));
    if (!pidfd) return not_held("it ended: " + std::generic_category().message(errno));
    // The descriptor is of one process for good, the number is not.
    auto const now = process_of(holder.pid, proc);
    if (!now || !now->is(holder)) return not_held("it ended");
    auto const number = descriptor_in(holder.pid, inode, proc);
    if (!number) return not_held("it does not hold it any more, or may not be looked into");
    Descriptor copy(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd.get(), *number, 0)));
    if (!copy) {
        return not_held(std::generic_category().message(errno) +
                        "; the node must be root, or the application must hand its sockets over itself (docs/reference/"
                        "contract.md)");
    }
    if (inode_of(copy.get()) != inode) return not_held("it has closed it meanwhile");
    return copy;
}

}  // namespace

Result<drain::HeldSocket> LinuxSocketKeeper::copy(drain::ListeningSocket const& socket) {
    std::string why = "nobody is seen to hold it";
    for (auto const& holder : socket.holders) {
        auto copied = copy_from(holder, socket.inode, proc_);
        if (copied) return adopt(std::move(*copied));
        why = fmt::format("no copy from {} (pid {}): {}", holder.name, holder.pid, copied.error().detail);
    }
    return not_held(why);
}

Result<drain::HeldSocket> LinuxSocketKeeper::adopt(Descriptor descriptor) {
    int const number = descriptor.get();
    drain::HeldSocket socket;
    bool const listens = option(number, SO_ACCEPTCONN) == 1 && option(number, SO_PROTOCOL) == IPPROTO_TCP;
    if (!listens || !has_place(number, socket)) return not_held("it is no TCP socket that listens");
    auto const inode = inode_of(number);
    socket.descriptor = std::shared_ptr<int const>(new int(descriptor.release()), [](int const* held) {
        ::close(*held);
        delete held;
    });
    std::erase_if(held_, [](auto const& one) { return one.second.expired(); });
    held_[inode] = socket.descriptor;
    return socket;
}

std::set<std::uint64_t> LinuxSocketKeeper::inodes() const {
    std::set<std::uint64_t> inodes;
    for (auto const& [inode, held] : held_) {
        if (!held.expired()) inodes.insert(inode);
    }
    return inodes;
}

}  // namespace lanyard::platform
