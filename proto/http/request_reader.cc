#include "proto/http/request_reader.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "proto/http/read_message.h"
#include "proto/http/request_head.h"

namespace lanyard::http {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;
using Parser = beast::http::request_parser<beast::http::string_body>;

}  // namespace

struct RequestReader::State {
    Parser parser;
    Incoming incoming;
    error_code error;
    bool wants_continue = false;

    // Why reading failed, as `gone` or a refusal.
    void take_failure(bool too_late, bool begun);
};

void RequestReader::State::take_failure(bool too_late, bool begun) {
    incoming.refusal = too_late && begun ? 408 : refusal_of(error, !parser.get().target().empty());
    incoming.gone = incoming.refusal == 0;
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
    state.error = co_await read_message(connection_.stream, buffer_, basic, ReadUntil::header, limits_.header_bytes);
    if (state.error) {
        state.take_failure(connection_.timed_out(), parser.got_some() || buffer_.size() > 0);
        co_return false;
    }
    auto const length = parser.content_length();
    auto head = judge_head(parser.get(), length ? std::optional(*length) : std::nullopt, limits_.body_bytes);
    if (!head) {
        state.incoming.refusal = head.error();
        co_return false;
    }
    auto& incoming = state.incoming;
    incoming.request.method = head->method;
    incoming.request.path = std::move(head->path);
    incoming.request.query = std::move(head->query);
    incoming.shape = {head->head_only, head->keep_alive, std::move(head->range)};
    state.wants_continue = head->wants_continue;
    co_return true;
}

asio::awaitable<bool> RequestReader::read_body(State& state) {
    auto& parser = state.parser;
    if (state.wants_continue) {
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
