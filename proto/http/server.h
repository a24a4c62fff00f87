#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "proto/async/asio.h"
#include "proto/events/events.h"
#include "proto/http/message.h"
#include "proto/http/networks.h"
#include "proto/http/rate_limiter.h"

namespace lanyard::http {

struct ServerLimits {
    std::size_t header_bytes = 8 * 1024;
    std::size_t body_bytes = 64 * 1024;
    std::chrono::milliseconds header_time{5'000};  // from accept, or from its first byte, to the end of the header
    std::chrono::milliseconds body_time{10'000};
    std::chrono::milliseconds handshake_time{10'000};  // of TLS, from its first byte
    std::chrono::milliseconds idle_time{60'000};       // from a response to the first byte of the next request
    std::chrono::milliseconds write_time{60'000};      // for each 64 KiB of an answer
    // The last eighth is kept for addresses that have few: idle connections are closed to make room for them, and an
    // address that has more than a sixteenth of its share is let in no more. Over it, new ones are closed at once.
    std::size_t connections = 20'000;
    std::size_t connections_per_address = 2'000;  // so that one machine cannot take them all
    RateLimit handshakes{100, 1'000};             // of TLS, each address; over it, the connection is closed
    // Networks of whose addresses each stands for many machines (NAT, a proxy): each address may have the first.
    Networks shared_addresses;
    std::size_t connections_per_shared_address = 10'000;
};

// How many times the rates of one machine an address may have that stands for many.
inline constexpr double kMachinesAtASharedAddress = 50;

// HTTP/1.1 with keep-alive, GET and POST, plain and over TLS 1.3 on the same port. Everything else is answered with the
// fitting 4xx.
// Runs on one io_context thread. A handler may suspend (long poll); while it does no limit runs, but a
// client that goes is noticed: its connection is closed and Request::hangup happens.
class Server {
public:
    using Handler = std::function<asio::awaitable<Response>(Request)>;

    Server(asio::io_context& io, events::Events& events, Handler handler, ServerLimits limits = {});
    ~Server();

    // Binds and starts to accept. `address` is an IP ("0.0.0.0", "::"). Port 0: the system chooses.
    Status listen(std::string const& address, std::uint16_t port);
    std::uint16_t port() const;  // of the listening socket

    // From now on connections that begin with TLS get it; Request::caller says which did. May be called again, with a
    // renewed certificate or another client CA, for the connections that come then. Fails with unusable_certificate.
    Status use_tls(ServerTls const& tls);

    // A Unix socket beside the port. See LocalListener: a stale file is replaced, and it is removed by stop().
    Status listen_local(std::filesystem::path const& path, unsigned mode = 0600);

    // Stops accepting and closes every connection.
    void stop();

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace lanyard::http
