#include "node/platform/tcp_table.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace lanyard::platform {
namespace {

constexpr int kHexadecimal = 16;
constexpr int kDecimal = 10;
constexpr std::size_t kWordDigits = 8;

template <class Number>
std::optional<Number> number_in(std::string_view text, int base) {
    Number number = 0;
    auto const* const end = text.data() + text.size();
    auto const [stopped, wrong] = std::from_chars(text.data(), end, number, base);
    if (wrong != std::errc() || stopped != end) return std::nullopt;
    return number;
}

// "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 34567 ...": slot, local
// address and port, remote address and port, state, queues, timer, retransmits, user, timeout, inode.
void read_line(std::string_view line, std::function<void(SocketEntry const&)> const& each) {
    std::array<std::string_view, 10> words;
    for (auto& word : words) {
        auto const begin = line.find_first_not_of(' ');
        if (begin == std::string_view::npos) return;
        line.remove_prefix(begin);
        word = line.substr(0, line.find(' '));
        line.remove_prefix(word.size());
    }
    auto const colon = words[1].rfind(':');
    if (colon == std::string_view::npos) return;
    auto const port = number_in<std::uint16_t>(words[1].substr(colon + 1), kHexadecimal);
    auto const state = number_in<std::uint8_t>(words[3], kHexadecimal);
    auto const uid = number_in<std::uint32_t>(words[7], kDecimal);
    auto const inode = number_in<std::uint64_t>(words[9], kDecimal);
    if (!port || !state || !uid || !inode) return;
    each({words[1].substr(0, colon), *port, static_cast<TcpState>(*state), *uid, *inode});
}

bool read_table(std::filesystem::path const& table, std::function<void(SocketEntry const&)> const& each) {
    std::ifstream in(table);
    if (!in) return false;
    for (std::string line; std::getline(in, line);) read_line(line, each);
    return !in.bad();
}

}  // namespace

// A machine may have been started without IPv6; a table that is there and cannot be read hides somebody.
bool read_tcp_tables(std::filesystem::path const& proc, std::function<void(SocketEntry const&)> const& each) {
    bool const v4 = read_table(proc / "net/tcp", each);
    std::error_code unseen;
    bool const without_v6 = !std::filesystem::exists(proc / "net/tcp6", unseen) && !unseen;
    return v4 && (without_v6 || read_table(proc / "net/tcp6", each));
}

bool read_udp_tables(std::filesystem::path const& proc, std::function<void(SocketEntry const&)> const& each) {
    bool const v4 = read_table(proc / "net/udp", each);
    bool const v6 = read_table(proc / "net/udp6", each);
    return v4 || v6;
}

// Words of 32 bits, each as this machine's processor would read it as a number.
std::string address_text(std::string_view address) {
    std::array<std::uint32_t, 4> words{};
    auto const count = address.size() / kWordDigits;
    if (address.size() % kWordDigits != 0 || (count != 1 && count != words.size())) return "?";
    for (std::size_t i = 0; i < count; ++i) {
        auto const word = number_in<std::uint32_t>(address.substr(i * kWordDigits, kWordDigits), kHexadecimal);
        if (!word) return "?";
        words.at(i) = *word;
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    auto const* const shown = inet_ntop(count == 1 ? AF_INET : AF_INET6, words.data(), text.data(), text.size());
    return shown ? shown : "?";
}

}  // namespace lanyard::platform
