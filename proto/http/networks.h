#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proto/async/asio.h"
#include "proto/outcome/result.h"

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

namespace lanyard::http {

// A list of networks as people write them: "192.0.2.0/24", "fd00::/8", or a single address.
class Networks {
public:
    // Fails with malformed_network, which names the one that is wrong.
    static Result<Networks> parse(std::vector<std::string> const& texts);

    // `address`: as Request::remote_address. False for what is no address.
    bool contain(std::string_view address) const;

private:
    std::vector<std::variant<asio::ip::network_v4, asio::ip::network_v6>> list_;
};

// The addresses of which one machine may have any, in words: of IPv6 the first 64 bits ("fd00:0:0:7::"), else the
// address itself. `address`: as Request::remote_address.
std::string neighbourhood_of(std::string_view address);

}  // namespace lanyard::http
