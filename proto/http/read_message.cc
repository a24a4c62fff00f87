#include "proto/http/read_message.h"

#include <algorithm>

namespace lanyard::http {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;

constexpr std::size_t kLeastRead = 512;  // most requests are no longer, and thousands of them may be held
constexpr std::size_t kMostRead = 64 * 1024;

asio::awaitable<error_code> read_more(Stream& stream, beast::flat_buffer& buffer) {
    auto const left = buffer.max_size() - buffer.size();
    if (left == 0) co_return beast::http::make_error_code(beast::http::error::buffer_overflow);
    auto const wanted = std::clamp(buffer.capacity() - buffer.size(), kLeastRead, kMostRead);
    auto const space = buffer.prepare(std::min(wanted, left));
    error_code error;
    auto const got = co_await stream.read_some(space, error);
    buffer.commit(got);
    co_return error;
}

}  // namespace

template <bool is_request>
asio::awaitable<error_code> read_message(Stream& stream, beast::flat_buffer& buffer,
                                         beast::http::basic_parser<is_request>& parser, ReadUntil until,
                                         std::size_t header_limit) {
    MessageFeed<is_request> feed(parser, buffer, until, header_limit);
    error_code error;
    while (!feed.is_over()) {
        if (feed.wants_more()) {
            auto const before = buffer.size();
            error = co_await read_more(stream, buffer);
            feed.note_arrival(before);
            if (error == asio::error::eof) co_return feed.end();
            if (error) co_return error;
        }
        error = feed.step();
        if (error) co_return error;
    }
    co_return feed.verdict();
}

template asio::awaitable<error_code> read_message(Stream&, beast::flat_buffer&, beast::http::basic_parser<true>&,
                                                  ReadUntil, std::size_t);
template asio::awaitable<error_code> read_message(Stream&, beast::flat_buffer&, beast::http::basic_parser<false>&,
                                                  ReadUntil, std::size_t);

}  // namespace lanyard::http
