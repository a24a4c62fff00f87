#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "proto/async/asio.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

namespace lanyard::support {

// Stands between a client and a server on 127.0.0.1, counts what the server sends, and alters or cuts it when told to.
class Wiretap {
public:
    Wiretap(asio::io_context& io, std::uint16_t server)
        : acceptor_(io, {asio::ip::address_v4::loopback(), 0}), server_(server) {
        asio::co_spawn(io, accept(), asio::detached);
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    int connections = 0;
    int ended = 0;                // directions of connections that are over
    std::size_t from_server = 0;  // bytes, on the newest connection
    bool alters = false;          // flips a bit of whatever the server sends from now on
    bool cuts = false;            // ends the connection instead of handing on what the server sends

private:
    using Tcp = asio::ip::tcp::socket;
    struct Wire {
        explicit Wire(asio::any_io_executor const& executor) : client(executor), server(executor) {}
        Tcp client;
        Tcp server;
    };

    asio::awaitable<void> accept() {
        boost::system::error_code error;
        while (!error) {
            auto const wire = std::make_shared<Wire>(acceptor_.get_executor());
            co_await acceptor_.async_accept(wire->client, asio::redirect_error(asio::use_awaitable, error));
            if (error) co_return;
            ++connections;
            from_server = 0;
            wire->server.connect({asio::ip::address_v4::loopback(), server_});
            asio::co_spawn(acceptor_.get_executor(), carry(wire, wire->client, wire->server, false), asio::detached);
            asio::co_spawn(acceptor_.get_executor(), carry(wire, wire->server, wire->client, true), asio::detached);
        }
    }

    asio::awaitable<void> carry(std::shared_ptr<Wire> wire, Tcp& from, Tcp& to, bool is_answer) {
        boost::system::error_code error;
        std::array<char, 4096> block;
        while (!error) {
            auto const space = asio::buffer(block);
            auto const got = co_await from.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
            if (is_answer) from_server += got;
            if (is_answer && alters && got > 0) block[got - 1] ^= 1;
            if (error || (is_answer && cuts)) break;
            auto const bytes = asio::buffer(block.data(), got);
            co_await asio::async_write(to, bytes, asio::redirect_error(asio::use_awaitable, error));
        }
        boost::system::error_code ignored;
        wire->client.close(ignored);
        wire->server.close(ignored);
        ++ended;
    }

    asio::ip::tcp::acceptor acceptor_;
    std::uint16_t server_;
};

}  // namespace lanyard::support
