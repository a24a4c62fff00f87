#include "proto/http/networks.h"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

#include "proto/http/errc.h"

namespace lanyard::http {
namespace {

using asio::ip::network_v4;
using asio::ip::network_v6;
using boost::system::error_code;

bool is_in(asio::ip::address const& address, network_v4 const& network) {
    return address.is_v4() && network_v4(address.to_v4(), network.prefix_length()).canonical() == network.canonical();
}

bool is_in(asio::ip::address const& address, network_v6 const& network) {
    return address.is_v6() && network_v6(address.to_v6(), network.prefix_length()).canonical() == network.canonical();
}

}  // namespace

Result<Networks> Networks::parse(std::vector<std::string> const& texts) {
    Networks networks;
    for (auto const& text : texts) {
        error_code wrong;
        bool const is_single = text.find('/') == std::string::npos;
        if (auto const v4 = asio::ip::make_network_v4(is_single ? text + "/32" : text, wrong); !wrong) {
            networks.list_.emplace_back(v4);
            continue;
        }
        if (auto const v6 = asio::ip::make_network_v6(is_single ? text + "/128" : text, wrong); !wrong) {
            networks.list_.emplace_back(v6);
            continue;
        }
        return fail(Errc::malformed_network,
                    "'" + text + "' is neither an address nor a network: write it as 192.0.2.7 or 192.0.2.0/24");
    }
    return networks;
}

bool Networks::contain(std::string_view address) const {
    error_code wrong;
    auto const parsed = asio::ip::make_address(address, wrong);
    if (wrong) return false;
    return std::any_of(list_.begin(), list_.end(), [&](auto const& entry) {
        return std::visit([&](auto const& network) { return is_in(parsed, network); }, entry);
    });
}

std::string neighbourhood_of(std::string_view address) {
    error_code malformed;
    auto const ip = asio::ip::make_address(address, malformed);
    if (malformed || ip.is_v4()) return std::string(address);
    constexpr std::ptrdiff_t kNetworkBytes = 8;
    auto bytes = ip.to_v6().to_bytes();
    std::fill(bytes.begin() + kNetworkBytes, bytes.end(), std::uint8_t{0});
    return asio::ip::address_v6(bytes).to_string();
}

}  // namespace lanyard::http
