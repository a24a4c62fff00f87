#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "proto/async/asio.h"
#include "proto/events/events.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/local.pb.h"

namespace lanyard::console {

// The daemon's side of <state>/node.sock (proto/schema local.proto). Mode 0600: who may open it may give orders.
class LocalServer {
public:
    // Sends a message in between. False: the other side has gone.
    using Say = std::function<asio::awaitable<bool>(v1::LocalResponse)>;
    using Handler = std::function<asio::awaitable<v1::LocalResponse>(v1::LocalRequest, Say)>;

    LocalServer(asio::io_context& io, events::Events& events, Handler handler);
    ~LocalServer();

    // A socket file left by a process that died is replaced; the caller holds the state's lock.
    Status listen(std::filesystem::path const& socket);
    void stop();

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

// The command's side: asks, hands every message in between to `on_progress`, gives the last one. Errc::not_running when
// nobody listens. Blocking.
Result<v1::LocalResponse> ask_daemon(std::filesystem::path const& socket, v1::LocalRequest const& request,
                                     std::function<void(v1::LocalResponse const&)> const& on_progress);

}  // namespace lanyard::console
