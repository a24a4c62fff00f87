#include "node/platform/tcp_table.h"

#include <array>
#include <charconv>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace lanyard::platform {
namespace {

template <class Number>
std::optional<Number> hexadecimal(std::string_view text) {
    Number number = 0;
    auto const* const end = text.data() + text.size();
    auto const [stopped, wrong] = std::from_chars(text.data(), end, number, 16);
    if (wrong != std::errc() || stopped != end) return std::nullopt;
    return number;
}

// "  0: 0100007F:1F90 00000000:0000 0A ...": slot, local address and port, remote address and port, state.
void read_line(std::string_view line, std::function<void(std::uint16_t, TcpState)> const& each) {
    std::array<std::string_view, 4> words;
    for (auto& word : words) {
        auto const begin = line.find_first_not_of(' ');
        if (begin == std::string_view::npos) return;
        line.remove_prefix(begin);
        word = line.substr(0, line.find(' '));
        line.remove_prefix(word.size());
    }
    auto const colon = words[1].rfind(':');
    if (colon == std::string_view::npos) return;
    auto const port = hexadecimal<std::uint16_t>(words[1].substr(colon + 1));
    auto const state = hexadecimal<std::uint8_t>(words[3]);
    if (port && state) each(*port, static_cast<TcpState>(*state));
}

bool read_table(std::filesystem::path const& table, std::function<void(std::uint16_t, TcpState)> const& each) {
    std::ifstream in(table);
    if (!in) return false;
    for (std::string line; std::getline(in, line);) read_line(line, each);
    return !in.bad();
}

}  // namespace

// A machine may have been started without IPv6; a table that is there and cannot be read hides somebody.
bool read_tcp_tables(std::filesystem::path const& proc, std::function<void(std::uint16_t, TcpState)> const& each) {
    bool const v4 = read_table(proc / "net/tcp", each);
    std::error_code unseen;
    bool const without_v6 = !std::filesystem::exists(proc / "net/tcp6", unseen) && !unseen;
    return v4 && (without_v6 || read_table(proc / "net/tcp6", each));
}

}  // namespace lanyard::platform
