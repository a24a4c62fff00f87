#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>

#include "node/gate/sessions.h"
#include "proto/async/asio.h"
#include "proto/async/disk_pool.h"
#include "proto/events/events.h"
#include "proto/schema/lanyard/v1/session.pb.h"

namespace lanyard::platform {

// The node's side of the socket of lanyard-session (proto/schema session.proto). Everybody may open it; who may speak
// is root, the node's own user, and a user of whom logind knows a session that is active: asked when somebody connects,
// and again at each choice, for another user may be at the machine by then. One io_context thread.
class SessionSocket {
public:
    struct Parts {
        asio::io_context& io;
        async::DiskPool& pool;
        gate::Sessions& sessions;
        events::Events& events;
        std::function<asio::awaitable<v1::SessionAnswer>(v1::SessionChoice)> choose;
        std::function<void()> came;  // somebody new listens
    };

    explicit SessionSocket(Parts parts);
    ~SessionSocket();

    // A socket file that was left behind is replaced; the directory is made when it is missing. A node without this
    // socket does its work: session.failed says why there is none.
    void listen(std::filesystem::path const& socket);
    void stop();

    bool anybody() const;
    // To each helper that has not heard the same already.
    void tell(v1::SessionUpdates const& updates);

private:
    struct Impl;
    class Connection;
    std::shared_ptr<Impl> impl_;
};

}  // namespace lanyard::platform
