#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

namespace lanyard::platform {

// As the kernel numbers them in net/tcp of proc(5).
enum class TcpState : std::uint8_t { established = 0x01, listening = 0x0A };

// Hands every IPv4 and IPv6 socket of this network namespace to `each`, with its local port; states that are not named
// above come as they are. False: a table cannot be read; IPv6 may be missing.
bool read_tcp_tables(std::filesystem::path const& proc, std::function<void(std::uint16_t, TcpState)> const& each);

}  // namespace lanyard::platform
