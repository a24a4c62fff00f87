#pragma once

#include <boost/beast/core/flat_buffer.hpp>

#include "proto/http/answer.h"
#include "proto/http/connection.h"
#include "proto/http/server.h"

namespace lanyard::http {

// One request as read from a connection, or the status that refuses it.
struct Incoming {
    bool gone = false;  // nobody to answer to
    unsigned refusal = 0;
    Request request;
    AnswerShape shape;
};

// Reads the requests of one connection, one after the other, within the limits.
class RequestReader {
public:
    RequestReader(Connection& connection, Answerer& answerer, ServerLimits const& limits)
        : connection_(connection), answerer_(answerer), limits_(limits), buffer_(limits.header_bytes + 64 * 1024) {}

    asio::awaitable<Incoming> next();

    // What the client has sent beyond the last request.
    boost::beast::flat_buffer& buffer() { return buffer_; }

private:
    struct State;

    asio::awaitable<bool> first_byte();
    asio::awaitable<bool> read_header(State& state);
    asio::awaitable<bool> read_body(State& state);

    Connection& connection_;
    Answerer& answerer_;
    ServerLimits const& limits_;
    boost::beast::flat_buffer buffer_;
    bool is_first_ = true;
};

// For people, in one line.
char const* explain(unsigned status);

}  // namespace lanyard::http
