#include "proto/http/server.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>

#include "proto/http/answer.h"
#include "proto/http/caller_watch.h"
#include "proto/http/listener.h"
#include "proto/http/request_target.h"

namespace lanyard::http {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;
using namespace std::chrono_literals;
using Parser = beast::http::request_parser<beast::http::string_body>;
using Header = Parser::value_type;

constexpr std::chrono::milliseconds kAcceptPause = 100ms;

// One request as read from a connection, or the status that refuses it.
struct Incoming {
    bool gone = false;  // nobody to answer to
    unsigned refusal = 0;
    Request request;
    AnswerShape shape;
};

struct Reader {
    Reader(std::shared_ptr<Connections> all, Socket accepted, std::size_t header_bytes)
        : connection(std::move(all), std::move(accepted)), buffer(header_bytes + 64 * 1024) {}

    Connection connection;
    beast::flat_buffer buffer;
    bool first = true;
};

bool equal(beast::string_view a, beast::string_view b) { return beast::iequals(a, b); }

// What could mean two lengths to two programs is refused, also where RFC 7230 would let it pass.
bool has_one_length(Header const& header) {
    auto const encodings = header.count(beast::http::field::transfer_encoding);
    auto const lengths = header.count(beast::http::field::content_length);
    if (encodings == 0) return lengths <= 1;
    return encodings == 1 && lengths == 0 && header.version() == 11 &&
           equal(header[beast::http::field::transfer_encoding], "chunked");
}

// Fills `incoming` from the header. Gives the status that refuses it, or 0.
unsigned take_header(Header const& header, Incoming& incoming) {
    using beast::http::field;
    using beast::http::verb;
    auto const hosts = header.count(field::host);
    if (hosts > 1 || (hosts == 0 && header.version() == 11) || !has_one_length(header)) return 400;
    auto const method = header.method();
    if (method != verb::get && method != verb::head && method != verb::post) return 405;
    auto const expected = header[field::expect];
    if (!expected.empty() && !equal(expected, "100-continue")) return 417;

    auto const raw = header.target();
    auto target = parse_target(std::string_view(raw.data(), raw.size()));
    if (!target) return target.error();
    incoming.request.method = method == verb::post ? Method::post : Method::get;
    incoming.request.path = std::move(target->path);
    incoming.request.query = std::move(target->query);
    incoming.shape.head_only = method == verb::head;
    incoming.shape.keep_alive = header.keep_alive();
    // There is no validator in our answers that a condition could name: then RFC 7233 wants the whole file.
    if (method == verb::get && header.count(field::if_range) == 0)
        incoming.shape.range = header[field::range].to_string();
    return 0;
}

// Why reading failed, as `gone` or a refusal.
void take_failure(error_code error, Parser const& parser, Reader const& reader, Incoming& incoming) {
    bool const begun = parser.got_some() || reader.buffer.size() > 0;
    if (reader.connection.timed_out() && begun) {
        incoming.refusal = 408;
    } else if (error == beast::http::error::body_limit) {
        incoming.refusal = 413;
    } else if (error == beast::http::error::header_limit || error == beast::http::error::buffer_overflow) {
        incoming.refusal = parser.get().target().empty() ? 414 : 431;
    } else if (error.category() == beast::http::make_error_code(beast::http::error::bad_chunk).category() &&
               error != beast::http::error::end_of_stream && error != beast::http::error::partial_message) {
        incoming.refusal = 400;
    } else {
        incoming.gone = true;
    }
}

char const* explain(unsigned status) {
    switch (status) {
        case 400:
            return "The request is malformed.";
        case 404:
            return "There is no such path.";
        case 405:
            return "Only GET, HEAD and POST are answered here.";
        case 408:
            return "The request took too long to arrive.";
        case 413:
            return "The body of the request is too large.";
        case 414:
            return "The path of the request is too long.";
        case 417:
            return "Only 'Expect: 100-continue' is understood.";
        case 431:
            return "The header of the request is too large.";
        default:
            return "The request is refused.";
    }
}

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
    Impl(asio::io_context& context, events::Events& teller, Handler handle, ServerLimits limit)
        : io(context),
          events(teller),
          handler(std::move(handle)),
          limits(limit),
          connections(std::make_shared<Connections>(
              io, std::min({limit.header_time, limit.body_time, limit.idle_time, limit.write_time}))),
          answerer(limit.write_time),
          pause(io) {}

    static asio::awaitable<void> accept(std::shared_ptr<Impl> self);
    static asio::awaitable<void> serve(std::shared_ptr<Impl> self, Socket socket);
    bool has_room_for(Socket const& socket) const;
    asio::awaitable<bool> exchange(Reader& reader);
    asio::awaitable<Incoming> read(Reader& reader);
    asio::awaitable<bool> first_byte(Reader& reader);
    asio::awaitable<Response> handle_watched(Reader& reader, Request request);
    asio::awaitable<Response> handle(Request request);
    asio::awaitable<void> rest_from(error_code error);

    asio::io_context& io;
    events::Events& events;
    Handler handler;
    ServerLimits limits;
    std::shared_ptr<Connections> connections;
    Answerer answerer;
    asio::steady_timer pause;
    std::optional<Acceptor> acceptor;
    bool short_of_sockets = false;
    bool stopped = false;
};

asio::awaitable<void> Server::Impl::accept(std::shared_ptr<Impl> self) {
    while (self->acceptor && self->acceptor->is_open()) {
        Socket socket(self->io.get_executor());
        error_code error;
        co_await self->acceptor->async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
        if (error == asio::error::operation_aborted || !self->acceptor) co_return;
        if (error) {
            co_await self->rest_from(error);
            continue;
        }
        self->short_of_sockets = false;
        if (!self->has_room_for(socket)) continue;
        socket.set_option(asio::ip::tcp::no_delay(true), error);
        asio::co_spawn(self->io, serve(self, std::move(socket)), asio::detached);
    }
}

bool Server::Impl::has_room_for(Socket const& socket) const {
    return connections->count() < limits.connections &&
           connections->count_from(address_of_peer(socket)) < limits.connections_per_address;
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

asio::awaitable<void> Server::Impl::serve(std::shared_ptr<Impl> self, Socket socket) {
    Reader reader(self->connections, std::move(socket), self->limits.header_bytes);
    reader.connection.within(self->limits.header_time);
    bool more = !self->stopped;
    while (more) {
        more = co_await self->exchange(reader);
        reader.first = false;
    }
}

asio::awaitable<bool> Server::Impl::exchange(Reader& reader) {
    auto incoming = co_await read(reader);
    if (incoming.gone) co_return false;
    if (incoming.refusal != 0) {
        auto refusal = Response::text(incoming.refusal, explain(incoming.refusal));
        AnswerShape shape;
        bool const sent = co_await answerer.send(reader.connection, std::move(refusal), std::move(shape));
        if (sent) co_await answerer.part(reader.connection);
        co_return false;
    }
    bool const keep_alive = incoming.shape.keep_alive;
    auto response = co_await handle_watched(reader, std::move(incoming.request));
    if (!reader.connection.socket.is_open()) co_return false;
    bool const sent = co_await answerer.send(reader.connection, std::move(response), std::move(incoming.shape));
    if (sent && !keep_alive) co_await answerer.part(reader.connection);
    co_return sent&& keep_alive;
}

// Waits with nothing in memory but the connection itself.
asio::awaitable<bool> Server::Impl::first_byte(Reader& reader) {
    if (reader.first) co_return true;
    if (reader.buffer.size() == 0) {
        reader.buffer.shrink_to_fit();
        reader.connection.within(limits.idle_time);
        error_code error;
        co_await reader.connection.socket.async_wait(Socket::wait_read,
                                                     asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return false;
    }
    reader.connection.within(limits.header_time);
    co_return true;
}

asio::awaitable<Incoming> Server::Impl::read(Reader& reader) {
    Incoming incoming;
    incoming.gone = true;
    bool const here = co_await first_byte(reader);
    if (!here) co_return incoming;
    incoming.gone = false;

    auto& socket = reader.connection.socket;
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    parser.body_limit(limits.body_bytes);
    error_code error;
    co_await beast::http::async_read_header(socket, reader.buffer, parser,
                                            asio::redirect_error(asio::use_awaitable, error));
    if (error) {
        take_failure(error, parser, reader, incoming);
        co_return incoming;
    }
    incoming.refusal = take_header(parser.get(), incoming);
    // Beast checks it too, but some of its paths lose the error (see client.cc).
    if (parser.content_length().value_or(0) > limits.body_bytes) incoming.refusal = 413;
    if (incoming.refusal != 0) co_return incoming;

    if (!parser.is_done() && parser.get().count(beast::http::field::expect) > 0) {
        bool const sent = co_await answerer.send_continue(reader.connection);
        incoming.gone = !sent;
        if (!sent) co_return incoming;
    }
    if (!parser.is_done()) {
        reader.connection.within(limits.body_time);
        co_await beast::http::async_read(socket, reader.buffer, parser,
                                         asio::redirect_error(asio::use_awaitable, error));
    }
    if (error) {
        take_failure(error, parser, reader, incoming);
        co_return incoming;
    }
    incoming.request.body = std::move(parser.get().body());
    incoming.request.remote_address = reader.connection.remote_address();
    incoming.request.local_address = local_address_of(socket);
    reader.connection.without_limit();
    if (reader.buffer.size() == 0) reader.buffer.shrink_to_fit();
    co_return incoming;
}

asio::awaitable<Response> Server::Impl::handle_watched(Reader& reader, Request request) {
    CallerWatch const watch(reader.connection.socket, reader.buffer, request.hangup);
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
    : impl_(std::make_shared<Impl>(io, events, std::move(handler), limits)) {}

Server::~Server() {
    stop();
    // Now, while the io_context is there to take what the disk's thread still has to say.
    impl_->answerer.stop();
}

Status Server::listen(std::string const& address, std::uint16_t port) {
    auto opened = open_listener(impl_->io, address, port);
    if (!opened) return pass_on(opened);
    impl_->acceptor.emplace(std::move(*opened));
    asio::co_spawn(impl_->io, Impl::accept(impl_), asio::detached);
    return {};
}

std::uint16_t Server::port() const {
    boost::system::error_code closed;
    return impl_->acceptor ? impl_->acceptor->local_endpoint(closed).port() : std::uint16_t{0};
}

void Server::stop() {
    error_code ignored;
    impl_->stopped = true;
    if (impl_->acceptor) impl_->acceptor->close(ignored);
    impl_->pause.cancel();
    impl_->connections->close_all();
}

}  // namespace lanyard::http
