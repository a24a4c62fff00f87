#pragma once

#include "proto/http/message_feed.h"
#include "proto/http/stream.h"

namespace lanyard::http {

// Feeds `parser` from `buffer`, and that from `stream`, until it has the header or the whole message; what follows
// stays in `buffer`. Errors are those of Beast's async_read: end_of_stream when the other side ended before the first
// byte. `header_limit`: as in MessageFeed.
template <bool is_request>
asio::awaitable<boost::system::error_code> read_message(
    Stream& stream, boost::beast::flat_buffer& buffer, boost::beast::http::basic_parser<is_request>& parser,
    ReadUntil until, std::size_t header_limit = std::numeric_limits<std::size_t>::max());

extern template asio::awaitable<boost::system::error_code> read_message(Stream&, boost::beast::flat_buffer&,
                                                                        boost::beast::http::basic_parser<true>&,
                                                                        ReadUntil, std::size_t);
extern template asio::awaitable<boost::system::error_code> read_message(Stream&, boost::beast::flat_buffer&,
                                                                        boost::beast::http::basic_parser<false>&,
                                                                        ReadUntil, std::size_t);

}  // namespace lanyard::http
