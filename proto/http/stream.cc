#include "proto/http/stream.h"

#include <algorithm>
#include <array>
#include <string>

namespace lanyard::http {
namespace {

using boost::system::error_code;
using Need = TlsSession::Need;

constexpr std::size_t kRecord = 16 * 1024;

// The first bytes of both, as many as one TLS record holds.
std::string_view one_record(std::string_view first, std::string_view second, std::string& joined) {
    if (first.size() >= kRecord || second.empty()) return first;
    if (first.empty()) return second;
    joined.reserve(std::min(kRecord, first.size() + second.size()));
    joined = first;
    joined += second.substr(0, kRecord - first.size());
    return joined;
}

}  // namespace

asio::awaitable<void> Stream::handshake(std::unique_ptr<TlsSession> session, error_code& error) {
    socket.non_blocking(true, error);
    if (error) co_return;
    tls_ = std::move(session);
    auto need = tls_->handshake();
    while (need == Need::readable || need == Need::writable) {
        co_await wait_for(need, error);
        if (error) co_return;
        need = tls_->handshake();
    }
    if (need != Need::nothing) error = asio::error::connection_aborted;
}

asio::awaitable<std::size_t> Stream::read_some(asio::mutable_buffer space, error_code& error) {
    if (!tls_) {
        auto const got = co_await socket.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
        co_return got;
    }
    while (true) {
        auto const got = read_now(space, error);
        if (error != asio::error::would_block) co_return got;
        error = {};
        co_await wait_for(Need::readable, error);
        if (error) co_return 0;
    }
}

std::size_t Stream::read_now(asio::mutable_buffer space, error_code& error) {
    if (!tls_) {
        socket.non_blocking(true, error);
        auto const got = error ? 0 : socket.read_some(space, error);
        if (error == asio::error::try_again) error = asio::error::would_block;
        return got;
    }
    auto const step = tls_->read(space);
    switch (step.need) {
        case Need::nothing:
            break;
        case Need::readable:
        case Need::writable:  // the answer to a key update; it is sent with what is written next
            error = asio::error::would_block;
            break;
        case Need::end:
            error = asio::error::eof;
            break;
        case Need::failed:
            error = asio::error::connection_aborted;
            break;
    }
    return step.bytes;
}

asio::awaitable<std::size_t> Stream::write_some(std::string_view first, std::string_view second, error_code& error) {
    if (!tls_) {
        std::array<asio::const_buffer, 2> const parts = {asio::buffer(first), asio::buffer(second)};
        auto const sent = co_await socket.async_write_some(parts, asio::redirect_error(asio::use_awaitable, error));
        co_return sent;
    }
    std::string joined;
    auto const record = one_record(first, second, joined);
    while (true) {
        auto const step = tls_->write(record);
        if (step.need == Need::nothing) {
            // Others get their turn, also when this socket takes and gives without end.
            co_await asio::post(socket.get_executor(), asio::use_awaitable);
            co_return step.bytes;
        }
        if (step.need == Need::readable || step.need == Need::writable) {
            co_await wait_for(step.need, error);
        } else {
            error = asio::error::connection_aborted;
        }
        if (error) co_return 0;
    }
}

asio::awaitable<void> Stream::wait_readable(error_code& error) {
    if (!has_pending()) co_await wait_for(Need::readable, error);
}

asio::awaitable<void> Stream::wait_for(Need need, error_code& error) {
    auto const what = need == Need::writable ? Socket::wait_write : Socket::wait_read;
    co_await socket.async_wait(what, asio::redirect_error(asio::use_awaitable, error));
}

void Stream::end_writing() {
    error_code ignored;
    if (tls_) tls_->say_goodbye();
    socket.shutdown(Socket::shutdown_send, ignored);
}

}  // namespace lanyard::http
