#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "node/platform/app_connection.h"

namespace lanyard::platform {

// <application's directory>/app.sock, on which one application speaks its contract (contract.proto). Only root, the
// user of this node, the owner of the application's directory, and `user` can open it (socket_access.h); who is at the
// other end is asked of the kernel, too (SO_PEERCRED). One io_context thread.
class AppSocket {
public:
    using Parts = AppTalk::Parts;

    AppSocket(Parts const& parts, release::AppId app, std::filesystem::path home, std::optional<uid_t> user);
    ~AppSocket();
    AppSocket(AppSocket const&) = delete;
    AppSocket& operator=(AppSocket const&) = delete;

    // Does nothing while it listens, and while the directory does not exist: called before whatever could want to
    // connect is started. Says `contract.failed` when it cannot.
    void listen();
    void stop();

    // Whether this user is one as whom the application may run.
    bool is_own(uid_t uid) const;

    static constexpr char const* kName = "app.sock";

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

// The number of a user of this machine; nothing when there is no such user.
std::optional<uid_t> user_named(std::string const& name);

}  // namespace lanyard::platform
