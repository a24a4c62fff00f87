#pragma once

#include <functional>
#include <memory>

#include "proto/async/asio.h"
#include "proto/events/events.h"
#include "proto/http/message.h"

namespace lanyard::http {

struct ServerLimits {
    std::size_t header_bytes = 8 * 1024;
    std::size_t body_bytes = 64 * 1024;
    std::chrono::seconds header_time{5};   // from accept (or the previous response) to the end of the header;
                                           // idle keep-alive connections wait `idle_time` for the first byte
    std::chrono::seconds body_time{10};
    std::chrono::seconds idle_time{60};
    std::chrono::seconds write_time{60};   // without progress
    std::size_t connections = 20'000;      // over it, new ones are closed at once
};

// HTTP/1.1 with keep-alive, GET and POST. Everything else is answered with the fitting 4xx.
// Runs on one io_context thread. A handler may suspend (long poll); while it does no limit runs.
class Server {
public:
    using Handler = std::function<asio::awaitable<Response>(Request)>;

    Server(asio::io_context& io, events::Events& events, Handler handler, ServerLimits limits = {});
    ~Server();

    // Binds and starts to accept. `address` is an IP ("0.0.0.0", "::"). Port 0: the system chooses.
    Status listen(std::string const& address, std::uint16_t port);
    std::uint16_t port() const;  // of the listening socket

    // Stops accepting and closes every connection.
    void stop();

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace lanyard::http
