#include "node/platform/linux_processes.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <ctime>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>

#include "proto/outcome/plain_text.h"

namespace lanyard::platform {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostStat = 4'096;
constexpr std::string_view kSocket = "socket:[";

std::optional<std::uint64_t> whole(std::string_view text) {
    std::uint64_t number = 0;
    auto const* const end = text.data() + text.size();
    auto const [stopped, wrong] = std::from_chars(text.data(), end, number);
    if (wrong != std::errc() || stopped != end || text.empty()) return std::nullopt;
    return number;
}

// Calls `each` with every descriptor of a process that is a socket, until it says true.
void each_socket(std::uint64_t pid, fs::path const& proc, std::function<bool(int, std::uint64_t)> const& each) {
    std::error_code failed;
    fs::directory_iterator entries(proc / std::to_string(pid) / "fd", failed);
    for (; !failed && entries != fs::directory_iterator(); entries.increment(failed)) {
        std::array<char, 64> link{};
        auto const length = readlink(entries->path().c_str(), link.data(), link.size());
        std::string_view const target(link.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
        if (!target.starts_with(kSocket) || !target.ends_with(']')) continue;
        auto const inode = whole(target.substr(kSocket.size(), target.size() - kSocket.size() - 1));
        auto const number = whole(entries->path().filename().native());
        if (inode && number && each(static_cast<int>(*number), *inode)) return;
    }
}

}  // namespace

// "812 (a (strange) name) S 1 ...": the name may hold anything; the start time is the 22nd word.
std::optional<drain::Process> process_of(std::uint64_t pid, fs::path const& proc) {
    std::ifstream in(proc / std::to_string(pid) / "stat", std::ios::binary);
    std::string stat(kMostStat, '\0');
    in.read(stat.data(), static_cast<std::streamsize>(stat.size()));
    stat.resize(static_cast<std::size_t>(in.gcount()));
    auto const opens = stat.find('(');
    auto const closes = stat.rfind(')');
    if (opens == std::string::npos || closes == std::string::npos || closes < opens) return std::nullopt;
    drain::Process process{pid, as_plain(std::string_view(stat).substr(opens + 1, closes - opens - 1))};
    std::string_view rest = std::string_view(stat).substr(closes + 1);
    std::string_view word;
    for (int i = 3; i <= 22; ++i) {
        auto const begin = rest.find_first_not_of(' ');
        if (begin == std::string_view::npos) return std::nullopt;
        rest.remove_prefix(begin);
        word = rest.substr(0, rest.find(' '));
        rest.remove_prefix(word.size());
    }
    auto const started = whole(word);
    if (!started) return std::nullopt;
    process.started = *started;
    return process;
}

std::uint64_t ticks_now() {
    constexpr std::uint64_t kBillion = 1'000'000'000;
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    auto const ticks = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
    return static_cast<std::uint64_t>(now.tv_sec) * ticks + static_cast<std::uint64_t>(now.tv_nsec) * ticks / kBillion;
}

Holders holders_of(std::set<std::uint64_t> const& inodes, fs::path const& proc) {
    Holders holders;
    auto const self = static_cast<std::uint64_t>(getpid());
    std::error_code failed;
    fs::directory_iterator entries(proc, failed);
    for (; !failed && entries != fs::directory_iterator(); entries.increment(failed)) {
        auto const pid = whole(entries->path().filename().native());
        if (!pid || *pid == self) continue;
        each_socket(*pid, proc, [&](int, std::uint64_t inode) {
            if (inodes.contains(inode)) holders[inode].insert(*pid);
            return false;
        });
    }
    return holders;
}

std::set<std::uint64_t> sockets_in(std::uint64_t pid, fs::path const& proc) {
    std::set<std::uint64_t> inodes;
    each_socket(pid, proc, [&](int, std::uint64_t inode) {
        inodes.insert(inode);
        return false;
    });
    return inodes;
}

std::optional<int> descriptor_in(std::uint64_t pid, std::uint64_t inode, fs::path const& proc) {
    std::optional<int> found;
    each_socket(pid, proc, [&](int number, std::uint64_t one) {
        if (one == inode) found = number;
        return found.has_value();
    });
    return found;
}

}  // namespace lanyard::platform
