#include "node/platform/linux_port_sensor.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "node/drain/errc.h"

namespace lanyard::platform {
namespace {

constexpr std::string_view kListening = "0A";

// "  0: 0100007F:1F90 00000000:0000 0A ...": slot, local address and port, remote address and port, state.
std::optional<std::uint16_t> listening_port(std::string_view line) {
    constexpr auto kWords = 4;
    std::array<std::string_view, kWords> words;
    for (auto& word : words) {
        auto const begin = line.find_first_not_of(' ');
        if (begin == std::string_view::npos) return std::nullopt;
        line.remove_prefix(begin);
        word = line.substr(0, line.find(' '));
        line.remove_prefix(word.size());
    }
    if (words[3] != kListening) return std::nullopt;
    auto const colon = words[1].rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto const digits = words[1].substr(colon + 1);
    std::uint16_t port = 0;
    auto const end = digits.data() + digits.size();
    if (std::from_chars(digits.data(), end, port, 16).ptr != end) return std::nullopt;
    return port;
}

bool read_table(std::filesystem::path const& table, std::set<std::uint16_t>& open) {
    std::ifstream in(table);
    if (!in) return false;
    for (std::string line; std::getline(in, line);) {
        if (auto const port = listening_port(line)) open.insert(*port);
    }
    return !in.bad();
}

}  // namespace

Result<drain::Ports> LinuxPortSensor::listening(drain::Ports const& ports) {
    drain::Ports found;
    if (ports.empty()) return found;
    std::set<std::uint16_t> open;
    // Both: a machine may have been started without IPv6.
    bool const v4 = read_table(proc_ / "net/tcp", open);
    bool const v6 = read_table(proc_ / "net/tcp6", open);
    if (!v4 && !v6) {
        return fail(drain::Errc::ports_unknown,
                    "cannot read " + (proc_ / "net/tcp").string() + ": which ports are open is not known; mount /proc");
    }
    std::copy_if(ports.begin(), ports.end(), std::back_inserter(found),
                 [&](std::uint16_t port) { return open.contains(port); });
    return found;
}

}  // namespace lanyard::platform
