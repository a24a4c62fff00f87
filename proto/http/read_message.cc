#include "proto/http/read_message.h"

#include <algorithm>
#include <string_view>

namespace lanyard::http {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;

constexpr std::size_t kLeastRead = 512;  // most requests are no longer, and thousands of them may be held
constexpr std::size_t kMostRead = 64 * 1024;

// Finds a header field that goes on in another line. Beast would join the lines (as RFC 7230, 3.2.4 lets it); other
// programs see two fields, or none: that is how requests are smuggled.
class FoldFinder {
public:
    // `bytes` follow those of the last call. True from the first folded line on.
    bool finds(std::string_view bytes) {
        for (char const byte : bytes) {
            if (over_) break;
            if (line_bytes_ == 0 && lines_ > 0 && (byte == ' ' || byte == '\t')) found_ = over_ = true;
            if (byte == '\n') {
                over_ = over_ || line_bytes_ == 0;
                line_bytes_ = 0;
                ++lines_;
            } else if (byte != '\r') {
                ++line_bytes_;
            }
        }
        return found_;
    }

private:
    std::size_t lines_ = 0;
    std::size_t line_bytes_ = 0;
    bool over_ = false;  // the header, at its empty line
    bool found_ = false;
};

std::string_view text_of(beast::flat_buffer const& buffer) {
    auto const data = buffer.data();
    return {static_cast<char const*>(data.data()), data.size()};
}

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
    FoldFinder folds;
    bool const looks_for_folds = is_request && until == ReadUntil::header;
    bool folded = looks_for_folds && folds.finds(text_of(buffer));
    while (!is_over() && !folded) {
        if (starved) {
            auto const before = buffer.size();
            error = co_await read_more(stream, buffer);
            folded = looks_for_folds && folds.finds(text_of(buffer).substr(before));
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
    co_return folded ? beast::http::make_error_code(beast::http::error::bad_value) : error_code();
}

template asio::awaitable<error_code> read_message(Stream&, beast::flat_buffer&, beast::http::basic_parser<true>&,
                                                  ReadUntil);
template asio::awaitable<error_code> read_message(Stream&, beast::flat_buffer&, beast::http::basic_parser<false>&,
                                                  ReadUntil);

}  // namespace lanyard::http
