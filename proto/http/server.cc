#include "proto/http/server.h"

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <array>
#include <list>

#include "proto/http/answer.h"
#include "proto/http/caller_watch.h"
#include "proto/http/listener.h"
#include "proto/http/local_listener.h"
#include "proto/http/request_reader.h"

namespace lanyard::http {
namespace {

using boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kAcceptPause = 100ms;
constexpr unsigned char kTlsHandshake = 0x16;  // the type of a client's first record; no HTTP method begins so

// Whether the first byte, which stays where it is, begins TLS; nothing when it is not there after all.
std::optional<bool> begins_tls(Socket& socket) {
    error_code error;
    socket.non_blocking(true, error);
    std::array<unsigned char, 1> first{};
    socket.receive(asio::buffer(first), Socket::message_peek, error);
    if (error == asio::error::would_block || error == asio::error::try_again) return std::nullopt;
    return !error && first[0] == kTlsHandshake;
}

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
    Impl(asio::io_context& context, events::Events& teller, Handler handle, ServerLimits limit)
        : io(context),
          events(teller),
          handler(std::move(handle)),
          limits(std::move(limit)),
          connections(std::make_shared<Connections>(io, limits)),
          answerer(limits.write_time),
          handshakes(limits.handshakes),
          pause(io) {}

    static asio::awaitable<void> accept(std::shared_ptr<Impl> self, Acceptor& acceptor);
    static asio::awaitable<void> serve(std::shared_ptr<Impl> self, Socket socket, Caller caller);
    void take(Socket socket);
    asio::awaitable<bool> agree_on_tls(Connection& connection);
    asio::awaitable<bool> exchange(Connection& connection, RequestReader& reader);
    asio::awaitable<Response> handle_watched(Connection& connection, RequestReader& reader, Request request);
    asio::awaitable<Response> handle(Request request);
    asio::awaitable<void> rest_from(error_code error);

    asio::io_context& io;
    events::Events& events;
    Handler handler;
    ServerLimits limits;
    std::shared_ptr<Connections> connections;
    Answerer answerer;
    RateLimiter handshakes;
    asio::steady_timer pause;
    std::optional<Acceptor> acceptor;
    std::list<LocalListener> local;
    std::shared_ptr<TlsContext> tls;
    std::uint16_t port = 0;
    bool short_of_sockets = false;
    bool stopped = false;
};

asio::awaitable<void> Server::Impl::accept(std::shared_ptr<Impl> self, Acceptor& acceptor) {
    while (!self->stopped) {
        Socket socket(self->io.get_executor());
        error_code error;
        co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
        if (error == asio::error::operation_aborted || self->stopped) co_return;
        if (error) {
            co_await self->rest_from(error);
            continue;
        }
        self->short_of_sockets = false;
        self->take(std::move(socket));
    }
}

void Server::Impl::take(Socket socket) {
    if (!connections->admit(address_of_peer(socket))) return;
    error_code error;
    bool const is_local = socket.local_endpoint(error).protocol().family() == AF_UNIX;
    auto caller = is_local ? local_caller(socket) : std::optional<Caller>(Caller());
    if (!caller) return;
    if (!is_local) socket.set_option(asio::ip::tcp::no_delay(true), error);
    asio::co_spawn(io, serve(shared_from_this(), std::move(socket), std::move(*caller)), asio::detached);
}

// EMFILE and its like last until somebody lets go of something, and the waiting connection stays in the queue: asking
// again at once would only burn the processor.
asio::awaitable<void> Server::Impl::rest_from(error_code error) {
    if (error == asio::error::connection_aborted) co_return;
    if (!short_of_sockets) events.warning("http.accept_failed", "new connections have to wait: " + error.message());
    short_of_sockets = true;
    pause.expires_after(kAcceptPause);
    error_code ignored;
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> Server::Impl::serve(std::shared_ptr<Impl> self, Socket socket, Caller caller) {
    Connection connection(self->connections, std::move(socket));
    connection.caller = std::move(caller);
    connection.within(self->limits.header_time);
    bool more = !self->stopped;
    if (more && self->tls && connection.caller.way == Caller::Way::plain) {
        more = co_await self->agree_on_tls(connection);
    }
    RequestReader reader(connection, self->answerer, self->limits);
    while (more) {
        more = co_await self->exchange(connection, reader);
    }
    if (connection.is_open()) connection.stream.end_writing();
}

// Does nothing when the client speaks plain HTTP. False: the connection is of no use.
asio::awaitable<bool> Server::Impl::agree_on_tls(Connection& connection) {
    auto& stream = connection.stream;
    error_code error;
    std::optional<bool> wanted;
    while (!wanted) {
        co_await stream.wait_readable(error);
        if (error) co_return false;
        wanted = begins_tls(stream.socket);
    }
    if (!*wanted) co_return true;
    auto const& address = connection.remote_address();
    auto const machines = limits.shared_addresses.contain(address) ? kMachinesAtASharedAddress : 1.0;
    if (!handshakes.allow(address, std::chrono::steady_clock::now(), machines)) co_return false;
    connection.within(limits.handshake_time);
    auto session = tls->accept(stream.socket);
    co_await stream.handshake(std::move(session), error);
    if (error) {
        // So that the alert, which says why, is not lost to a reset.
        if (connection.is_open() && !connection.timed_out()) co_await answerer.part(connection);
        co_return false;
    }
    connection.caller.way = Caller::Way::tls;
    connection.caller.certificate = stream.tls()->peer();
    connection.within(limits.header_time);
    co_return true;
}

asio::awaitable<bool> Server::Impl::exchange(Connection& connection, RequestReader& reader) {
    auto incoming = co_await reader.next();
    if (incoming.gone) co_return false;
    if (incoming.refusal != 0) {
        auto refusal = Response::text(incoming.refusal, explain(incoming.refusal));
        AnswerShape shape;
        bool const sent = co_await answerer.send(connection, std::move(refusal), std::move(shape));
        if (sent) co_await answerer.part(connection);
        co_return false;
    }
    bool const keep_alive = incoming.shape.keep_alive;
    auto response = co_await handle_watched(connection, reader, std::move(incoming.request));
    if (!connection.is_open()) co_return false;
    bool const sent = co_await answerer.send(connection, std::move(response), std::move(incoming.shape));
    if (sent && !keep_alive) co_await answerer.part(connection);
    co_return sent&& keep_alive;
}

asio::awaitable<Response> Server::Impl::handle_watched(Connection& connection, RequestReader& reader, Request request) {
    CallerWatch const watch(connection.stream, reader.buffer(), request.hangup);
    auto response = co_await handle(std::move(request));
    co_return response;
}

asio::awaitable<Response> Server::Impl::handle(Request request) {
    try {
        auto response = co_await handler(std::move(request));
        co_return response;
    } catch (std::exception const& bug) {
        events.error("http.handler_failed", bug.what());
    }
    co_return Response::text(500, "The server failed; its log says why.");
}

Server::Server(asio::io_context& io, events::Events& events, Handler handler, ServerLimits limits)
    : impl_(std::make_shared<Impl>(io, events, std::move(handler), std::move(limits))) {}

Server::~Server() {
    stop();
    // Now, while the io_context is there to take what the disk's thread still has to say.
    impl_->answerer.stop();
}

Status Server::listen(std::string const& address, std::uint16_t port) {
    auto opened = open_listener(impl_->io, address, port);
    if (!opened) return pass_on(opened);
    impl_->acceptor.emplace(std::move(*opened));
    impl_->port = port_of(*impl_->acceptor);
    asio::co_spawn(impl_->io, Impl::accept(impl_, *impl_->acceptor), asio::detached);
    return {};
}

Status Server::listen_local(std::filesystem::path const& path, unsigned mode) {
    auto opened = LocalListener::open(impl_->io, path, mode);
    if (!opened) return pass_on(opened);
    auto& listener = impl_->local.emplace_back(std::move(*opened));
    asio::co_spawn(impl_->io, Impl::accept(impl_, listener.acceptor), asio::detached);
    return {};
}

Status Server::use_tls(ServerTls const& tls) {
    auto made = TlsContext::for_server(tls);
    if (!made) return pass_on(made);
    impl_->tls = std::move(*made);
    return {};
}

std::uint16_t Server::port() const { return impl_->port; }

void Server::stop() {
    error_code ignored;
    impl_->stopped = true;
    if (impl_->acceptor) impl_->acceptor->close(ignored);
    for (auto& listener : impl_->local) listener.close();
    impl_->pause.cancel();
    impl_->connections->close_all();
}

}  // namespace lanyard::http
