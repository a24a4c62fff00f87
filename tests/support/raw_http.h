#pragma once

#include <array>
#include <string>
#include <vector>

#include "proto/async/asio.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

namespace lanyard::support {

// A connection to a server on 127.0.0.1, byte by byte, for what a well-behaved client never sends.
class RawConnection {
public:
    RawConnection(asio::io_context& io, std::uint16_t port, char const* from = "127.0.0.1")
        : socket_(io, asio::ip::tcp::endpoint(asio::ip::make_address(from), 0)) {
        socket_.connect({asio::ip::address_v4::loopback(), port});
        socket_.set_option(asio::ip::tcp::no_delay(true));
    }

    void send(std::string const& bytes) { asio::write(socket_, asio::buffer(bytes)); }
    void close() { socket_.close(); }
    // The server sees a reset instead of an orderly end.
    void reset() {
        socket_.set_option(asio::socket_base::linger(true, 0));
        socket_.close();
    }

    // Everything up to the end of the connection.
    asio::awaitable<std::string> rest() {
        std::string all;
        boost::system::error_code error;
        std::array<char, 4096> block;
        while (!error) {
            auto const buffer = asio::buffer(block);
            auto const got = co_await socket_.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
            all.append(block.data(), got);
        }
        co_return all;
    }

    // Everything up to and including `end`, or to the end of the connection.
    asio::awaitable<std::string> until(std::string end) {
        std::string all;
        boost::system::error_code error;
        std::array<char, 1> byte;
        while (!error && !all.ends_with(end)) {
            auto const buffer = asio::buffer(byte);
            auto const got = co_await socket_.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
            all.append(byte.data(), got);
        }
        co_return all;
    }

private:
    asio::ip::tcp::socket socket_;
};

}  // namespace lanyard::support
