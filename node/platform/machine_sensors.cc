#include "node/platform/machine_sensors.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <set>

#include "node/platform/tcp_table.h"

namespace lanyard::platform {
namespace {

namespace fs = std::filesystem;
using gate::Sensed;
using gate::unknown;

constexpr std::size_t kCommLength = 15;
constexpr std::size_t kMostLine = 256;

// The first line of a small file of the kernel.
std::optional<std::string> first_line(fs::path const& file) {
    std::ifstream in(file);
    std::string line;
    if (!in || !std::getline(in, line) || line.size() > kMostLine) return std::nullopt;
    return line;
}

std::optional<unsigned> whole_number(std::string_view text) {
    unsigned number = 0;
    auto const* const end = text.data() + text.size();
    auto const [stopped, wrong] = std::from_chars(text.data(), end, number);
    if (wrong != std::errc() || stopped == text.data()) return std::nullopt;
    return number;
}

// "some avg10=1.23 avg60=4.56 avg300=7.89 total=12345": 5, for anything above 4 is over a limit of 4.
std::optional<unsigned> average_of_a_minute(fs::path const& file) {
    auto const line = first_line(file);
    if (!line || !line->starts_with("some ")) return std::nullopt;
    auto const at = line->find("avg60=");
    if (at == std::string::npos) return std::nullopt;
    std::string_view const text = std::string_view(*line).substr(at + 6);
    auto const whole = whole_number(text);
    if (!whole) return std::nullopt;
    auto const dot = text.find('.');
    auto const end = text.find(' ');
    bool const more = dot < end && text.substr(dot + 1, end - dot - 1).find_first_not_of('0') != std::string_view::npos;
    return *whole + (more ? 1 : 0);
}

// nothing: it is no battery of the machine. Its percentage, or an error.
std::optional<Sensed<gate::Battery>> battery_in(fs::path const& supply) {
    if (first_line(supply / "type") != "Battery" || first_line(supply / "scope") == "Device") return std::nullopt;
    if (first_line(supply / "present") == "0") return std::nullopt;  // its place in the machine is empty
    auto const capacity = first_line(supply / "capacity");
    auto const status = first_line(supply / "status");
    auto const percent = capacity ? whole_number(*capacity) : std::nullopt;
    if (!percent || !status) return unknown("what " + supply.string() + " says cannot be read");
    if (*status == "Unknown") return unknown(supply.string() + " does not know whether it is charged");
    return gate::Battery{*status == "Discharging", std::min(*percent, 100u)};
}

}  // namespace

Sensed<unsigned> connections_to(std::vector<std::uint16_t> const& ports, fs::path const& proc) {
    if (ports.empty()) return unknown("the release names no ports");
    std::set<std::uint16_t> const mine(ports.begin(), ports.end());
    unsigned open = 0;
    bool const read = read_tcp_tables(proc, [&](SocketEntry const& entry) {
        if (entry.state == TcpState::established && mine.contains(entry.port)) ++open;
    });
    if (!read) return unknown((proc / "net/tcp").string() + " cannot be read");
    return open;
}

Sensed<std::vector<std::string>> running_of(std::vector<std::string> const& names, fs::path const& proc) {
    // Mounted with hidepid, it shows us our own processes only: the first one of the machine tells.
    if (!first_line(proc / "1/comm")) {
        return unknown(proc.string() + " does not show the processes of others (hidepid, in the options of its mount)");
    }
    std::error_code failed;
    fs::directory_iterator entries(proc, failed);
    if (failed) return unknown(proc.string() + " cannot be read");
    std::set<std::string> running;
    for (; !failed && entries != fs::directory_iterator(); entries.increment(failed)) {
        auto const name = entries->path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        // A process that is gone meanwhile is no concern.
        auto const comm = first_line(entries->path() / "comm");
        if (comm) running.insert(*comm);
    }
    if (failed) return unknown(proc.string() + " cannot be read to its end");
    std::vector<std::string> found;
    std::copy_if(names.begin(), names.end(), std::back_inserter(found),
                 [&](std::string const& wanted) { return running.contains(wanted.substr(0, kCommLength)); });
    return found;
}

Sensed<gate::Load> pressure(fs::path const& proc) {
    auto const cpu = average_of_a_minute(proc / "pressure/cpu");
    auto const disk = average_of_a_minute(proc / "pressure/io");
    if (!cpu || !disk) return unknown((proc / "pressure").string() + " cannot be read (Linux 4.20 and newer have it)");
    return gate::Load{*cpu, *disk};
}

Sensed<gate::Battery> battery_of(fs::path const& power_supply) {
    gate::Battery emptiest;
    std::error_code failed;
    fs::directory_iterator entries(power_supply, failed);
    // No such class of devices: no battery.
    if (failed == std::errc::no_such_file_or_directory) return emptiest;
    for (; !failed && entries != fs::directory_iterator(); entries.increment(failed)) {
        auto const battery = battery_in(entries->path());
        if (!battery) continue;
        if (!*battery) return *battery;
        emptiest.discharging = emptiest.discharging || (*battery)->discharging;
        emptiest.percent = std::min(emptiest.percent, (*battery)->percent);
    }
    if (failed) return unknown(power_supply.string() + " cannot be read");
    return emptiest;
}

}  // namespace lanyard::platform
