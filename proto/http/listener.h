#pragma once

#include <string>

#include "proto/http/connection.h"
#include "proto/outcome/result.h"

namespace lanyard::http {

// Opens, binds and listens. Fails with address_in_use or unusable_address.
Result<Acceptor> open_listener(asio::io_context& io, std::string const& address, std::uint16_t port);

// The port on which it listens; 0 when it does not.
std::uint16_t port_of(Acceptor const& acceptor);

}  // namespace lanyard::http
