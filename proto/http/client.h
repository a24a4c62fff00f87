#pragma once

#include <filesystem>
#include <memory>

#include "proto/async/asio.h"
#include "proto/http/message.h"

namespace lanyard::http {

struct ClientRequest {
    Method method = Method::get;
    std::string path;  // with query; must begin with '/'
    std::string body;
    std::string content_type;
    std::size_t max_body = 64 * 1024;           // of the answer; a longer one is refused, whatever its header says
    std::chrono::milliseconds timeout{10'000};  // for the whole exchange, connecting included: a slow drip is cut
    // An order that must not be given twice: sent once, on a new connection. When that breaks or the time is over
    // before the answer, send() fails with no_answer: it may have been carried out.
    bool once = false;
};

struct ClientResponse {
    unsigned status = 0;
    std::string body;
    std::optional<std::chrono::seconds> retry_after;
};

// One HTTP/1.1 server, asked one request at a time; the connection is kept and made again when it has gone. Redirects
// are never followed. Lives on one io_context thread.
class Client {
public:
    // `local_address`: the IP address of this machine to ask from; by default the system chooses.
    // `tls`: needed for https; what is wrong with it is the error of every send().
    Client(asio::io_context& io, Url server, std::optional<std::string> const& local_address = std::nullopt,
           std::optional<ClientTls> const& tls = std::nullopt);
    // A server on this machine, by the path of its Unix socket.
    Client(asio::io_context& io, std::filesystem::path const& local_socket);
    ~Client();

    // Any complete answer is a success, whatever its status. Fails with unreachable, timed_out, no_answer, too_large,
    // malformed_answer; and with https, which never falls back to plain HTTP, with unknown_ca, wrong_name,
    // certificate_expired, not_tls, certificate_refused, tampered, unusable_certificate. Concurrent calls each use a
    // connection of their own.
    asio::awaitable<Result<ClientResponse>> send(ClientRequest request);

    // send(), and a status other than 200 becomes an Error (not_found, busy or refused) that quotes the answer's text.
    asio::awaitable<Result<std::string>> fetch(ClientRequest request);

    // Ends every exchange under way with unreachable.
    void cancel();

    Url const& url() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace lanyard::http
