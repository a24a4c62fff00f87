#include "proto/http/client.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <charconv>
#include <list>
#include <vector>

#include "proto/http/errc.h"
#include "proto/http/read_message.h"
#include "proto/outcome/plain_text.h"

namespace lanyard::http {
namespace {

namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using ResponseParser = beast::http::response_parser<beast::http::string_body>;
using Endpoint = asio::generic::stream_protocol::endpoint;

constexpr std::uint32_t kHeaderLimit = 16 * 1024;
constexpr std::size_t kMostKept = 4;
constexpr std::size_t kMostEndpoints = 8;
constexpr std::chrono::seconds kLongestRetryAfter{3600};
constexpr std::size_t kMostQuoted = 200;

// One request on its way. The deadline and cancel() end it by closing what it waits for.
struct Exchange : std::enable_shared_from_this<Exchange> {
    explicit Exchange(asio::io_context& io)
        : stream(std::make_unique<Stream>(Socket(io.get_executor()))), deadline(io), resolved(io) {}

    std::unique_ptr<Stream> stream;
    asio::steady_timer deadline;
    asio::steady_timer resolved;  // cancelled when `endpoints` or `resolve_error` has been set
    std::vector<Endpoint> endpoints;
    error_code resolve_error;
    bool timed_out = false;
    bool cancelled = false;

    void end() {
        error_code ignored;
        stream->socket.close(ignored);
        resolved.cancel();
    }
    bool ended() const { return timed_out || cancelled; }
};

std::string head_of(ClientRequest const& request, Url const& url) {
    auto const address = url.to_string();
    std::string head = request.method == Method::post ? "POST " : "GET ";
    head += request.path + " HTTP/1.1\r\nHost: " + address.substr(address.find("//") + 2);
    head += "\r\nUser-Agent: lanyard/" LANYARD_VERSION "\r\nAccept: */*\r\n";
    if (request.method == Method::post) {
        if (!request.content_type.empty()) head += "Content-Type: " + request.content_type + "\r\n";
        head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    }
    return head + "\r\n";
}

bool is_safe_in_a_header(std::string const& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::optional<std::chrono::seconds> parse_retry_after(beast::string_view text) {
    unsigned long seconds = 0;
    auto const* const end = text.data() + text.size();
    auto const [stopped, error] = std::from_chars(text.data(), end, seconds);
    if (text.empty() || stopped != end) return std::nullopt;
    if (error == std::errc::result_out_of_range) return kLongestRetryAfter;
    auto const most = static_cast<unsigned long>(kLongestRetryAfter.count());
    return std::chrono::seconds(std::min(seconds, most));
}

std::string quoted(std::string text) {
    text.resize(std::min(text.size(), kMostQuoted));
    while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
    return as_plain(text);
}

bool is_without_answer(std::error_code const& code) {
    return code == Errc::unreachable || code == Errc::timed_out || code == Errc::tampered;
}

// An address of another family than the server's has no say. False: `failed` says why.
bool bind_to(Socket& socket, std::optional<asio::ip::address> const& local, Endpoint const& server,
             error_code& failed) {
    if (!local || server.protocol().family() != (local->is_v6() ? AF_INET6 : AF_INET)) return true;
    socket.close(failed);
    socket.open(server.protocol(), failed);
    if (!failed) socket.bind(tcp::endpoint(*local, 0), failed);
    return !failed;
}

}  // namespace

struct Client::Impl {
    Impl(asio::io_context& context, Url server) : io(context), url(std::move(server)), resolver(context) {}

    std::string name() const { return socket_path.empty() ? url.to_string() : socket_path; }

    static asio::awaitable<Result<ClientResponse>> send(std::shared_ptr<Impl> self, ClientRequest request);
    static asio::awaitable<Result<std::string>> fetch(std::shared_ptr<Impl> self, ClientRequest request);
    asio::awaitable<Result<ClientResponse>> exchange(Exchange& exchange, ClientRequest const& request);
    asio::awaitable<Status> connect(Exchange& exchange);
    asio::awaitable<Status> agree_on_tls(Exchange& exchange);
    asio::awaitable<error_code> resolve(Exchange& exchange);
    asio::awaitable<error_code> send_all(Stream& stream, std::string_view head, std::string_view body);
    // Nothing when the connection was a kept one that the server had closed meanwhile: worth another try.
    asio::awaitable<std::optional<Result<ClientResponse>>> ask(Exchange& exchange, ClientRequest const& request,
                                                               bool kept_one);
    void start_deadline(std::shared_ptr<Exchange> const& exchange, std::chrono::milliseconds timeout);
    bool take_kept(Exchange& exchange);
    void keep(Exchange& exchange);
    Result<ClientResponse> finish(Exchange& exchange, ResponseParser& parser, std::size_t left_over);
    tl::unexpected<Error> broken(Exchange const& exchange, error_code why) const;

    asio::io_context& io;
    Url url;
    std::string socket_path;  // instead of the URL's host and port
    std::optional<asio::ip::address> local_address;
    Result<std::shared_ptr<TlsContext>> tls{nullptr};
    tcp::resolver resolver;
    std::list<Exchange*> under_way;
    std::vector<std::unique_ptr<Stream>> kept;
};

namespace {

// Holds an exchange's place in the list of those that cancel() ends.
class Place {
public:
    Place(std::list<Exchange*>& list, Exchange& exchange) : list_(list), at_(list.insert(list.end(), &exchange)) {}
    ~Place() { list_.erase(at_); }
    Place(Place const&) = delete;
    Place& operator=(Place const&) = delete;

private:
    std::list<Exchange*>& list_;
    std::list<Exchange*>::iterator at_;
};

}  // namespace

asio::awaitable<Result<ClientResponse>> Client::Impl::send(std::shared_ptr<Impl> self, ClientRequest request) {
    if (request.path.empty() || request.path.front() != '/' || !is_safe_in_a_header(request.path) ||
        !is_safe_in_a_header(request.content_type)) {
        co_return fail(Errc::malformed_url,
                       "the path of a request must begin with '/' and hold no space or control "
                       "character; escape it");
    }
    auto const exchange = std::make_shared<Exchange>(self->io);
    Place const place(self->under_way, *exchange);
    self->start_deadline(exchange, request.timeout);
    auto answer = co_await self->exchange(*exchange, request);
    exchange->deadline.cancel();
    co_return answer;
}

void Client::Impl::start_deadline(std::shared_ptr<Exchange> const& exchange, std::chrono::milliseconds timeout) {
    exchange->deadline.expires_after(timeout);
    exchange->deadline.async_wait([weak = std::weak_ptr<Exchange>(exchange)](error_code cancelled) {
        auto const late = weak.lock();
        if (cancelled || !late) return;
        late->timed_out = true;
        late->end();
    });
}

asio::awaitable<Result<ClientResponse>> Client::Impl::exchange(Exchange& exchange, ClientRequest const& request) {
    if (!request.once && take_kept(exchange)) {
        auto answer = co_await ask(exchange, request, true);
        if (answer) co_return std::move(*answer);
    }
    auto const connected = co_await connect(exchange);
    if (!connected) co_return pass_on(connected);
    auto answer = co_await ask(exchange, request, false);
    bool const open = request.once && !*answer && is_without_answer((*answer).error().code);
    if (open) co_return fail(Errc::no_answer, name() + " was told, and did not answer: the connection ended");
    co_return std::move(*answer);
}

asio::awaitable<Status> Client::Impl::connect(Exchange& exchange) {
    if (!tls) co_return pass_on(tls);
    auto error = co_await resolve(exchange);
    if (error) co_return broken(exchange, error);
    error = asio::error::host_not_found;
    auto& socket = exchange.stream->socket;
    for (auto const& endpoint : exchange.endpoints) {
        error_code ignored;
        socket.close(ignored);
        if (exchange.ended()) break;
        if (bind_to(socket, local_address, endpoint, error)) {
            co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
        }
        if (!error) break;
    }
    if (error || exchange.ended()) co_return broken(exchange, error);
    if (socket_path.empty()) socket.set_option(tcp::no_delay(true), error);
    if (url.scheme == Url::Scheme::http) co_return Status();
    auto agreed = co_await agree_on_tls(exchange);
    co_return agreed;
}

// Never falls back to plain HTTP, whatever the other side says.
asio::awaitable<Status> Client::Impl::agree_on_tls(Exchange& exchange) {
    if (!*tls) {
        co_return fail(Errc::unknown_ca,
                       "no CA is known by which " + name() + " could be believed; join that seeder first");
    }
    auto& stream = *exchange.stream;
    auto session = (*tls)->connect(stream.socket, url.host);
    if (!session) co_return fail(Errc::wrong_name, "'" + url.host + "' is no name that a certificate can carry");
    error_code error;
    co_await stream.handshake(std::move(session), error);
    if (error || exchange.ended()) co_return broken(exchange, error);
    co_return Status();
}

// The system's resolver cannot be interrupted: it is left to end on its own, and waited for no longer than the
// deadline.
asio::awaitable<error_code> Client::Impl::resolve(Exchange& exchange) {
    if (!socket_path.empty()) {
        exchange.endpoints.assign(1, asio::local::stream_protocol::endpoint(socket_path));
        co_return error_code();
    }
    error_code not_an_address;
    auto const address = asio::ip::make_address(url.host, not_an_address);
    if (!not_an_address) {
        exchange.endpoints.assign(1, tcp::endpoint(address, url.port));
        co_return error_code();
    }
    auto take = [weak = exchange.weak_from_this()](error_code error, tcp::resolver::results_type const& found) {
        auto const waiting = weak.lock();
        if (!waiting) return;
        waiting->resolve_error = error;
        for (auto const& entry : found) {
            if (waiting->endpoints.size() < kMostEndpoints) waiting->endpoints.push_back(entry.endpoint());
        }
        waiting->resolved.cancel();
    };
    exchange.resolved.expires_at(asio::steady_timer::time_point::max());
    resolver.async_resolve(url.host, std::to_string(url.port), std::move(take));
    error_code woken;
    if (!exchange.ended()) co_await exchange.resolved.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    co_return exchange.resolve_error;
}

asio::awaitable<std::optional<Result<ClientResponse>>> Client::Impl::ask(Exchange& exchange,
                                                                         ClientRequest const& request, bool kept_one) {
    auto const head = head_of(request, url);
    auto& stream = *exchange.stream;
    auto const unsent = co_await send_all(stream, head, request.body);

    // Read also when not all could be sent: a server that refuses the request says why before it has read everything.
    ResponseParser parser;
    parser.header_limit(kHeaderLimit);
    parser.body_limit(request.max_body);
    beast::flat_buffer buffer(kHeaderLimit + 64 * 1024);
    beast::http::basic_parser<false>& basic = parser;
    auto error = co_await read_message(stream, buffer, basic, ReadUntil::header);
    // Beast 1.74 forgets about body_limit when header and body of an answer arrive together.
    if (!error && parser.content_length().value_or(0) > request.max_body) error = beast::http::error::body_limit;
    if (!error && !parser.is_done()) error = co_await read_message(stream, buffer, basic, ReadUntil::end);
    if (!error && !exchange.ended()) co_return finish(exchange, parser, buffer.size());

    if (kept_one && !parser.got_some() && !exchange.ended()) co_return std::nullopt;
    if (error == beast::http::error::body_limit && !exchange.ended()) {
        co_return fail(Errc::too_large, "the answer of " + name() + " to " + request.path + " is longer than the " +
                                            std::to_string(request.max_body) + " bytes allowed for it");
    }
    co_return broken(exchange, unsent && !parser.got_some() ? unsent : error);
}

asio::awaitable<error_code> Client::Impl::send_all(Stream& stream, std::string_view head, std::string_view body) {
    error_code error;
    while (!error && (!head.empty() || !body.empty())) {
        auto const sent = co_await stream.write_some(head, body, error);
        auto const of_head = std::min(sent, head.size());
        head.remove_prefix(of_head);
        body.remove_prefix(sent - of_head);
    }
    co_return error;
}

Result<ClientResponse> Client::Impl::finish(Exchange& exchange, ResponseParser& parser, std::size_t left_over) {
    auto& message = parser.get();
    ClientResponse response;
    response.status = message.result_int();
    if (response.status < 200) {
        return fail(Errc::malformed_answer, name() + " sent an interim answer that nobody asked for");
    }
    response.retry_after = parse_retry_after(message[beast::http::field::retry_after]);
    response.body = std::move(message.body());
    if (parser.keep_alive() && left_over == 0) keep(exchange);
    return response;
}

tl::unexpected<Error> Client::Impl::broken(Exchange const& exchange, error_code why) const {
    auto const server = name();
    if (exchange.cancelled) return fail(Errc::unreachable, "the request to " + server + " was called off");
    if (exchange.timed_out) {
        return fail(Errc::timed_out,
                    server + " did not answer in time; it may be overloaded, or a firewall in the way");
    }
    auto const* const session = exchange.stream->tls();
    if (auto const failure = session ? session->failure(server) : std::nullopt) return tl::unexpected<Error>(*failure);
    bool const is_http = why.category() == beast::http::make_error_code(beast::http::error::bad_chunk).category();
    if (is_http && why != beast::http::error::end_of_stream && why != beast::http::error::partial_message) {
        return fail(Errc::malformed_answer, server + " does not speak HTTP as it should (" + why.message() +
                                                "); check the address and port of the seeder");
    }
    return fail(Errc::unreachable, "cannot reach " + server + " (" + why.message() +
                                       "); check that the seeder runs and its address is right");
}

bool Client::Impl::take_kept(Exchange& exchange) {
    if (kept.empty()) return false;
    exchange.stream = std::move(kept.back());
    kept.pop_back();
    return true;
}

void Client::Impl::keep(Exchange& exchange) {
    if (kept.size() < kMostKept) {
        kept.push_back(std::move(exchange.stream));
        exchange.stream = std::make_unique<Stream>(Socket(io.get_executor()));
    } else {
        exchange.stream->end_writing();
    }
}

asio::awaitable<Result<std::string>> Client::Impl::fetch(std::shared_ptr<Impl> self, ClientRequest request) {
    auto const what = self->name() + request.path;
    auto answer = co_await send(self, std::move(request));
    if (!answer) co_return pass_on(answer);
    if (answer->status == 200) co_return std::move(answer->body);
    auto const errc = answer->status == 404                            ? Errc::not_found
                      : answer->status == 429 || answer->status == 503 ? Errc::busy
                                                                       : Errc::refused;
    co_return fail(errc, what + " answers " + std::to_string(answer->status) + ": " + quoted(std::move(answer->body)));
}

Client::Client(asio::io_context& io, Url server, std::optional<std::string> const& local_address,
               std::optional<ClientTls> const& tls)
    : impl_(std::make_shared<Impl>(io, std::move(server))) {
    error_code malformed;
    if (local_address) impl_->local_address = asio::ip::make_address(*local_address, malformed);
    if (malformed) impl_->local_address.reset();
    if (tls) impl_->tls = TlsContext::for_client(*tls);
}

Client::Client(asio::io_context& io, std::filesystem::path const& local_socket)
    : impl_(std::make_shared<Impl>(io, Url{"localhost"})) {
    impl_->socket_path = local_socket.string();
}

Client::~Client() { cancel(); }

asio::awaitable<Result<ClientResponse>> Client::send(ClientRequest request) {
    return Impl::send(impl_, std::move(request));
}

asio::awaitable<Result<std::string>> Client::fetch(ClientRequest request) {
    return Impl::fetch(impl_, std::move(request));
}

void Client::cancel() {
    for (auto* exchange : impl_->under_way) {
        exchange->cancelled = true;
        exchange->end();
    }
}

Url const& Client::url() const { return impl_->url; }

}  // namespace lanyard::http
