#include "manifests/release/names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "manifests/release/errc.h"
#include "manifests/release/in_quotes.h"

namespace lanyard::release {
namespace {

constexpr std::size_t kMaxName = 64;
constexpr std::array<std::string_view, 4> kSystems = {"linux", "windows", "macos", "any"};
constexpr std::array<std::string_view, 6> kArchitectures = {"amd64", "arm64", "armhf", "i386", "riscv64", "any"};

// <cctype> follows the locale; names must not.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); }
bool is_name_char(char c) { return is_name_start(c) || c == '.' || c == '_' || c == '-'; }

// Windows gives these names to devices in every directory, whatever extension follows.
bool is_windows_device(std::string_view name) {
    auto const stem = name.substr(0, name.find('.'));
    if (stem == "con" || stem == "prn" || stem == "aux" || stem == "nul") return true;
    return stem.size() == 4 && (stem.starts_with("com") || stem.starts_with("lpt")) && is_digit(stem[3]);
}

char const* objection_to(std::string_view name) {
    if (name.empty()) return "it is empty";
    if (name.size() > kMaxName) return "it is longer than 64 characters";
    if (!is_name_start(name.front())) return "it does not begin with a-z or 0-9";
    if (!std::all_of(name.begin(), name.end(), is_name_char)) return "only a-z, 0-9, '.', '_' and '-' are allowed";
    if (name.find("..") != std::string_view::npos) return "it contains \"..\"";
    if (name.back() == '.') return "Windows drops a dot at the end of a file name";
    if (is_windows_device(name)) return "Windows keeps that name for a device";
    return nullptr;
}

Result<std::string> checked_name(char const* what, std::string_view text) {
    if (auto const* why = objection_to(text)) {
        return fail(Errc::malformed_name,
                    in_quotes(text) + " cannot name " + what + ": " + why + "; choose another name");
    }
    return std::string(text);
}

template <std::size_t N>
std::string listed(std::array<std::string_view, N> const& words) {
    std::string list;
    for (auto const word : words) list += (list.empty() ? "" : ", ") + std::string(word);
    return list;
}

template <std::size_t N>
bool contains(std::array<std::string_view, N> const& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr char const* kSystemHere =
#if defined(__linux__)
    "linux";
#elif defined(_WIN32)
    "windows";
#elif defined(__APPLE__)
    "macos";
#else
#error "lanyard has no name for this operating system: add one to kSystems"
#endif

constexpr char const* kArchitectureHere =
#if defined(__x86_64__) || defined(_M_X64)
    "amd64";
#elif defined(__aarch64__) || defined(_M_ARM64)
    "arm64";
#elif defined(__arm__)
    "armhf";
#elif defined(__i386__) || defined(_M_IX86)
        "i386";
#elif defined(__riscv) && __riscv_xlen == 64
        "riscv64";
#else
#error "lanyard has no name for this processor: add one to kArchitectures"
#endif

}  // namespace

Result<AppId> AppId::parse(std::string_view text) {
    auto name = checked_name("an application", text);
    if (!name) return pass_on(name);
    return AppId(std::move(*name));
}

Result<Channel> Channel::parse(std::string_view text) {
    auto name = checked_name("a channel", text);
    if (!name) return pass_on(name);
    return Channel(std::move(*name));
}

Result<Platform> Platform::parse(std::string_view text) {
    auto const slash = text.find('/');
    auto const os = text.substr(0, slash);
    auto const arch = slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
    if (!contains(kSystems, os) || !contains(kArchitectures, arch)) {
        return fail(Errc::unknown_platform, in_quotes(text) + " is no platform: write os/arch, with os one of " +
                                                listed(kSystems) + " and arch one of " + listed(kArchitectures));
    }
    return Platform(std::string(os), std::string(arch));
}

Platform Platform::here() { return Platform(kSystemHere, kArchitectureHere); }

bool Platform::runs_on(Platform const& machine) const {
    return (os_ == "any" || os_ == machine.os_) && (arch_ == "any" || arch_ == machine.arch_);
}

}  // namespace lanyard::release
