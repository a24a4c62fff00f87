#include "proto/http/request_reader.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "proto/http/read_message.h"
#include "proto/http/request_target.h"

namespace lanyard::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;
using boost::system::error_code;
using Parser = beast::http::request_parser<beast::http::string_body>;
using Header = Parser::value_type;

bool equal(beast::string_view a, beast::string_view b) { return beast::iequals(a, b); }

// Beast takes a list of equal numbers, too.
bool is_number(beast::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == beast::string_view::npos;
}

// What could mean two lengths to two programs is refused, also where RFC 7230 would let it pass.
bool has_one_length(Header const& header) {
    auto const encodings = header.count(field::transfer_encoding);
    auto const lengths = header.count(field::content_length);
    if (encodings == 0) return lengths == 0 || (lengths == 1 && is_number(header[field::content_length]));
    return encodings == 1 && lengths == 0 && header.version() == 11 &&
           equal(header[field::transfer_encoding], "chunked");
}

// Fills `incoming` from the header. Gives the status that refuses it, or 0.
unsigned take_header(Header const& header, Incoming& incoming) {
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

}  // namespace

struct RequestReader::State {
    Parser parser;
    Incoming incoming;
    error_code error;

    // Why reading failed, as `gone` or a refusal.
    void take_failure(bool too_late, bool begun);
};

void RequestReader::State::take_failure(bool too_late, bool begun) {
    if (too_late && begun) {
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

asio::awaitable<Incoming> RequestReader::next() {
    State state;
    bool more = co_await first_byte();
    if (!more) {
        state.incoming.gone = true;
        co_return std::move(state.incoming);
    }
    more = co_await read_header(state);
    if (more && !state.parser.is_done()) more = co_await read_body(state);
    if (!more) co_return std::move(state.incoming);
    auto& request = state.incoming.request;
    request.body = std::move(state.parser.get().body());
    request.remote_address = connection_.remote_address();
    request.local_address = local_address_of(connection_.stream.socket);
    request.caller = connection_.caller;
    connection_.without_limit();
    if (buffer_.size() == 0) buffer_.shrink_to_fit();
    co_return std::move(state.incoming);
}

// Waits with nothing in memory but the connection itself.
asio::awaitable<bool> RequestReader::first_byte() {
    if (std::exchange(is_first_, false)) co_return true;
    if (buffer_.size() == 0) {
        buffer_.shrink_to_fit();
        connection_.within(limits_.idle_time);
        connection_.set_idle(true);
        error_code error;
        co_await connection_.stream.wait_readable(error);
        connection_.set_idle(false);
        if (error) co_return false;
    }
    connection_.within(limits_.header_time);
    co_return true;
}

asio::awaitable<bool> RequestReader::read_header(State& state) {
    auto& parser = state.parser;
    parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
    parser.body_limit(limits_.body_bytes);
    beast::http::basic_parser<true>& basic = parser;
    state.error = co_await read_message(connection_.stream, buffer_, basic, ReadUntil::header);
    if (state.error) {
        state.take_failure(connection_.timed_out(), parser.got_some() || buffer_.size() > 0);
        co_return false;
    }
    state.incoming.refusal = take_header(parser.get(), state.incoming);
    // Beast checks it too, but some of its paths lose the error (see client.cc).
    if (parser.content_length().value_or(0) > limits_.body_bytes) state.incoming.refusal = 413;
    co_return state.incoming.refusal == 0;
}

asio::awaitable<bool> RequestReader::read_body(State& state) {
    auto& parser = state.parser;
    if (parser.get().count(field::expect) > 0) {
        bool const sent = co_await answerer_.send_continue(connection_);
        state.incoming.gone = !sent;
        if (!sent) co_return false;
    }
    connection_.within(limits_.body_time);
    beast::http::basic_parser<true>& basic = parser;
    state.error = co_await read_message(connection_.stream, buffer_, basic, ReadUntil::end);
    if (!state.error) co_return true;
    state.take_failure(connection_.timed_out(), true);
    co_return false;
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

}  // namespace lanyard::http
