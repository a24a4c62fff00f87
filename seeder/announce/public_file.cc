#include "seeder/announce/public_file.h"

#include <algorithm>

namespace lanyard::announce {
namespace {

constexpr std::string_view kMetadata = "/metadata/";
constexpr std::string_view kPackages = "/packages/";
constexpr std::size_t kLongestVersion = 16;  // 2^53 - 1
constexpr std::size_t kLongestRole = 64;
constexpr std::size_t kDigestSize = 64;

bool is_metadata(std::string_view name) {
    if (name == "timestamp.pb") return true;
    auto const dot = name.find('.');
    if (dot == std::string_view::npos || dot == 0 || dot > kLongestVersion || name.front() == '0') return false;
    if (name.substr(0, dot).find_first_not_of("0123456789") != std::string_view::npos) return false;
    auto const rest = name.substr(dot + 1);
    if (!rest.ends_with(".pb")) return false;
    // Delegated roles have names of their own.
    auto const role = rest.substr(0, rest.size() - 3);
    return !role.empty() && role.size() <= kLongestRole && role.front() != '.' && role != "timestamp" &&
           std::all_of(role.begin(), role.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
                      c == '_' || c == '-';
           });
}

bool is_package(std::string_view name) {
    auto const digest = name.substr(0, kDigestSize);
    if (digest.size() != kDigestSize || digest.find_first_not_of("0123456789abcdef") != std::string_view::npos)
        return false;
    auto const rest = name.substr(kDigestSize);
    return rest.empty() || rest == ".torrent" || rest == ".pieces";
}

}  // namespace

std::optional<std::filesystem::path> public_file(std::string_view path) {
    auto const name_in = [path](std::string_view folder) {
        return path.substr(0, folder.size()) == folder ? path.substr(folder.size()) : std::string_view();
    };
    if (auto const name = name_in(kMetadata); is_metadata(name)) return std::filesystem::path("metadata") / name;
    if (auto const name = name_in(kPackages); is_package(name)) return std::filesystem::path("packages") / name;
    return std::nullopt;
}

}  // namespace lanyard::announce
