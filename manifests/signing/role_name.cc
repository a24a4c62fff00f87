#include "manifests/signing/role_name.h"

#include <algorithm>

namespace lanyard::signing {

namespace {

constexpr std::size_t kMaxName = 64;

}  // namespace

bool is_delegated_name(std::string_view role) {
    for (auto const* taken : {"root", "targets", "snapshot", "timestamp"}) {
        if (role == taken) return false;
    }
    return !role.empty() && role.size() <= kMaxName && role.front() != '.' &&
           std::all_of(role.begin(), role.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
                      c == '_' || c == '-';
           });
}

}  // namespace lanyard::signing
