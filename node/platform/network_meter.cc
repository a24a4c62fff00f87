#include "node/platform/network_meter.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

namespace lanyard::platform {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestRow = 512;
constexpr std::size_t kMostInterfaces = 4096;
constexpr int kHeadLines = 2;
constexpr int kSentColumn = 8;

struct Interface {
    std::string name;
    std::uint64_t bytes = 0;
};

// "  eth0: 4711 12 0 0 0 0 0 0 815 7 ...": received bytes first, sent bytes ninth.
std::optional<Interface> interface_of(std::string const& line) {
    auto const colon = line.find(':');
    auto const begin = line.find_first_not_of(' ');
    if (colon == std::string::npos || begin >= colon || line.size() > kLongestRow) return std::nullopt;
    Interface found{line.substr(begin, colon - begin)};
    std::istringstream columns(line.substr(colon + 1));
    std::uint64_t value = 0;
    for (int column = 0; column <= kSentColumn; ++column) {
        if (!(columns >> value)) return std::nullopt;
        if (column == 0 || column == kSentColumn) found.bytes += value;
    }
    return found;
}

bool has_device(fs::path const& net_class, std::string const& name) {
    std::error_code ignored;
    return fs::exists(net_class / name / "device", ignored);
}

}  // namespace

gate::Sensed<std::uint64_t> bytes_carried(fs::path const& proc, fs::path const& net_class) {
    auto const file = proc / "net/dev";
    auto const unreadable = gate::unknown(file.string() + " cannot be read");
    std::ifstream in(file);
    std::string line;
    for (int i = 0; i < kHeadLines; ++i) {
        if (!std::getline(in, line)) return unreadable;
    }
    std::uint64_t real = 0, all = 0;
    bool any_real = false;
    for (std::size_t count = 0; std::getline(in, line); ++count) {
        auto const found = interface_of(line);
        if (!found || count == kMostInterfaces) return unreadable;
        if (found->name == "lo") continue;
        all += found->bytes;
        if (!has_device(net_class, found->name)) continue;
        any_real = true;
        real += found->bytes;
    }
    return any_real ? real : all;
}

std::optional<std::uint64_t> NetworkMeter::rate(Count const& now) {
    if (last_ && now.at - last_->at < kShortest) return rate_;
    rate_.reset();
    auto const before = std::exchange(last_, now);
    // Fewer than before: an interface has gone.
    if (!before || now.at - before->at > kLongest || now.carried < before->carried || now.own < before->own) {
        return std::nullopt;
    }
    // Headers and acknowledgements take a few percent beside the payload; a tenth covers them.
    auto const own = now.own - before->own;
    auto const carried = now.carried - before->carried;
    auto const others = carried - std::min(carried, own + own / 10);
    auto const span = std::chrono::duration_cast<std::chrono::milliseconds>(now.at - before->at).count();
    rate_ = others * 1000 / static_cast<std::uint64_t>(span);
    return rate_;
}

}  // namespace lanyard::platform
