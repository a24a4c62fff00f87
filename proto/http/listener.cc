#include "proto/http/listener.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include <cstring>

#include "proto/http/errc.h"

namespace lanyard::http {
namespace {

using boost::system::error_code;

error_code open(Acceptor& acceptor, asio::ip::tcp::endpoint const& endpoint) {
    error_code error;
    acceptor.open(endpoint.protocol(), error);
#ifndef _WIN32
    // There it would let another program take the port away.
    if (!error) acceptor.set_option(Acceptor::reuse_address(true), error);
#endif
    if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(false), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    return error;
}

}  // namespace

Result<Acceptor> open_listener(asio::io_context& io, std::string const& address, std::uint16_t port) {
    error_code malformed;
    auto const ip = asio::ip::make_address(address, malformed);
    if (malformed) {
        return fail(
            Errc::unusable_address,
            "cannot listen on '" + address + "': it is not an IP address; use one of this machine, or 0.0.0.0 for all");
    }
    Acceptor acceptor(io.get_executor());
    auto const error = open(acceptor, asio::ip::tcp::endpoint(ip, port));
    if (!error) return acceptor;
    auto const what = "cannot listen on " + address + " port " + std::to_string(port) + ": ";
    if (error == asio::error::address_in_use) {
        return fail(Errc::address_in_use, what + "another program listens there; stop it or choose another port");
    }
    return fail(Errc::unusable_address,
                what + error.message() + "; choose an address of this machine and a port this user may open");
}

std::uint16_t port_of(Acceptor const& acceptor) {
    error_code closed;
    auto const bound = acceptor.local_endpoint(closed);
    asio::ip::tcp::endpoint endpoint;
    if (closed || bound.size() > endpoint.capacity()) return 0;
    std::memcpy(endpoint.data(), bound.data(), bound.size());
    return endpoint.port();
}

}  // namespace lanyard::http
