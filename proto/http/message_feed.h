#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <cstddef>
#include <limits>
#include <string_view>

namespace lanyard::http {

enum class ReadUntil { header, end };

// Finds a header field that goes on in another line. Beast would join the lines (as RFC 7230, 3.2.4 lets it); other
// programs see two fields, or none: that is how requests are smuggled.
class FoldFinder {
public:
    // `bytes` follow those of the last call. True from the first folded line on.
    bool finds(std::string_view bytes);

private:
    std::size_t lines_ = 0;
    std::size_t line_bytes_ = 0;
    bool over_ = false;  // the header, at its empty line
    bool found_ = false;
};

// Hands what has arrived in a buffer to a parser, until that has the header or the whole message; what follows stays in
// the buffer. The part of read_message() that waits for nothing.
template <bool is_request>
class MessageFeed {
public:
    using Parser = boost::beast::http::basic_parser<is_request>;
    using Buffer = boost::beast::flat_buffer;

    // All of them outlive this object. The buffer may hold something already. `header_limit`: the parser's own, in
    // bytes; one that gets the header at once allows it the length of its first line beyond that.
    MessageFeed(Parser& parser, Buffer& buffer, ReadUntil until,
                std::size_t header_limit = std::numeric_limits<std::size_t>::max());

    bool is_over() const;
    // No step gets any further before more has arrived.
    bool wants_more() const { return starved_; }
    // Behind the first `before` bytes of the buffer.
    void note_arrival(std::size_t before);
    boost::system::error_code step();
    // Nothing will arrive any more. end_of_stream: nothing ever had.
    boost::system::error_code end();
    // Once it is over.
    boost::system::error_code verdict() const;

private:
    Parser& parser_;
    Buffer& buffer_;
    ReadUntil until_;
    std::size_t header_limit_;
    std::size_t used_ = 0;  // bytes, by the parser
    FoldFinder folds_;
    bool looks_for_folds_;
    bool folded_ = false;
    bool starved_;
};

extern template class MessageFeed<true>;
extern template class MessageFeed<false>;

}  // namespace lanyard::http
