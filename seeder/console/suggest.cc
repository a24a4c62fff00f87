#include "seeder/console/suggest.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace lanyard::console {
namespace {

// Levenshtein.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t const replaced = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

}  // namespace

std::string did_you_mean(std::string_view word, std::span<std::string_view const> known) {
    constexpr std::size_t kLongestWord = 64;
    if (word.size() > kLongestWord) return "";
    std::string_view best;
    // Two letters changed places are two changes.
    std::size_t least = std::max<std::size_t>(word.size() / 3, 2) + 1;
    for (auto const candidate : known) {
        auto const far = distance(word, candidate);
        if (far < least) {
            least = far;
            best = candidate;
        }
    }
    return best.empty() ? "" : "; did you mean '" + std::string(best) + "'?";
}

}  // namespace lanyard::console
