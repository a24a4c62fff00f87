#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "node/drain/contract.h"
#include "node/platform/linux_socket_keeper.h"
#include "proto/async/asio.h"
#include "proto/events/events.h"

namespace lanyard::platform {

// <application's directory>/app.sock, on which one application speaks its contract (contract.proto). Its mode is 0666:
// who may speak is asked of the kernel (SO_PEERCRED). That is root, the user of this node, the owner of the
// application's directory, and `user`. One io_context thread.
class AppSocket {
public:
    struct Parts {
        asio::io_context& io;
        drain::Contract& contract;
        LinuxSocketKeeper& keeper;
        events::Events& events;
    };

    AppSocket(Parts const& parts, release::AppId app, std::filesystem::path home, std::optional<uid_t> user);
    ~AppSocket();
    AppSocket(AppSocket const&) = delete;
    AppSocket& operator=(AppSocket const&) = delete;

    // Does nothing while it listens, and while the directory does not exist: called before whatever could want to
    // connect is started. Says `contract.failed` when it cannot.
    void listen();
    void stop();

    static constexpr char const* kName = "app.sock";

private:
    class Connection;
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

// The number of a user of this machine; nothing when there is no such user.
std::optional<uid_t> user_named(std::string const& name);

}  // namespace lanyard::platform
