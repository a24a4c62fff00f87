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
                                         beast::http::basic_parser<is_request>& parser, ReadUntil until) {
    parser.eager(until == ReadUntil::end);
    auto const is_over = [&] { return until == ReadUntil::end ? parser.is_done() : parser.is_header_done(); };
    bool starved = buffer.size() == 0;
    error_code error;
    while (!is_over()) {
        if (starved) {
            error = co_await read_more(stream, buffer);
            if (error == asio::error::eof) {
                if (!parser.got_some()) co_return beast::http::make_error_code(beast::http::error::end_of_stream);
                parser.put_eof(error);
                co_return error;
            }
            if (error) co_return error;
        }
        auto const used = parser.put(buffer.data(), error);
        buffer.consume(used);
        starved = error == beast::http::error::need_more || buffer.size() == 0 || (!error && used == 0);
        if (error && error != beast::http::error::need_more) co_return error;
    }
    co_return error_code();
}

template asio::awaitable<error_code> read_message(Stream&, beast::flat_buffer&, beast::http::basic_parser<true>&,
                                                  ReadUntil);
template asio::awaitable<error_code> read_message(Stream&, beast::flat_buffer&, beast::http::basic_parser<false>&,
                                                  ReadUntil);

}  // namespace lanyard::http
