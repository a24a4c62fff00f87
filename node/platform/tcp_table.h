#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace lanyard::platform {

// As the kernel numbers them in net/tcp of proc(5); a UDP socket that waits for anybody is `unconnected`.
enum class TcpState : std::uint8_t { established = 0x01, unconnected = 0x07, listening = 0x0A };

// One line of such a table.
struct SocketEntry {
    std::string_view address;  // of this machine, as it is written there; see address_text()
    std::uint16_t port = 0;    // of this machine
    TcpState state{};          // states that are not named above come as they are
    std::uint32_t uid = 0;
    std::uint64_t inode = 0;
};

// Hands every IPv4 and IPv6 socket of this network namespace to `each`. False: a table cannot be read; IPv6 may be
// missing.
bool read_tcp_tables(std::filesystem::path const& proc, std::function<void(SocketEntry const&)> const& each);
bool read_udp_tables(std::filesystem::path const& proc, std::function<void(SocketEntry const&)> const& each);

// "0100007F" is "127.0.0.1"; what is no address is "?".
std::string address_text(std::string_view address);

}  // namespace lanyard::platform
