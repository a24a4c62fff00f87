#pragma once

#include <memory>
#include <string_view>

#include "proto/async/asio.h"
#include "proto/http/tls.h"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

namespace lanyard::http {

// TCP or a Unix socket.
using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;

// A socket, and TLS on it once a handshake has begun: readers and writers need not know which. One reader and one
// writer at a time. Closing or cancelling `socket` ends what waits. Operations on it must have ended before it goes.
class Stream {
public:
    explicit Stream(Socket opened) : socket(std::move(opened)) {}
    ~Stream() = default;
    Stream(Stream const&) = delete;
    Stream& operator=(Stream const&) = delete;

    Socket socket;

    // From now on everything is TLS. Fails with connection_aborted when tls_failure() says why.
    asio::awaitable<void> handshake(std::unique_ptr<TlsSession> session, boost::system::error_code& error);

    // At least one byte, or an error; eof when the other side has ended the stream properly.
    asio::awaitable<std::size_t> read_some(asio::mutable_buffer space, boost::system::error_code& error);

    // What is there now, else would_block.
    std::size_t read_now(asio::mutable_buffer space, boost::system::error_code& error);

    // Writes some of `first`, then of `second`, at least one byte of them unless both are empty.
    asio::awaitable<std::size_t> write_some(std::string_view first, std::string_view second,
                                            boost::system::error_code& error);

    // Until there may be something to read.
    asio::awaitable<void> wait_readable(boost::system::error_code& error);
    bool has_pending() const { return tls_ && tls_->has_pending(); }

    // Tells the other side that nothing follows, as far as that can be said without waiting.
    void end_writing();

    TlsSession* tls() { return tls_.get(); }
    TlsSession const* tls() const { return tls_.get(); }

private:
    asio::awaitable<void> wait_for(TlsSession::Need need, boost::system::error_code& error);

    std::unique_ptr<TlsSession> tls_;
};

}  // namespace lanyard::http
