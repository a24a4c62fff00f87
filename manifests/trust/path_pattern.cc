#include "manifests/trust/path_pattern.h"

namespace lanyard::trust {

bool fits(std::string_view pattern, std::string_view path) {
    constexpr auto kNowhere = std::string_view::npos;
    std::size_t p = 0;
    std::size_t star = kNowhere;  // the last '*' seen in the pattern,
    std::size_t resume = 0;       // and where in the path what follows it is tried
    for (std::size_t i = 0; i < path.size();) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = i;
        } else if (p < pattern.size() && (pattern[p] == path[i] || (pattern[p] == '?' && path[i] != '/'))) {
            ++p;
            ++i;
        } else if (star != kNowhere && path[resume] != '/') {
            // The last star takes one character more. An earlier star need not: whatever it took would fit as well.
            p = star + 1;
            i = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

}  // namespace lanyard::trust
