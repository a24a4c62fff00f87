#include "seeder/console/table.h"

#include <algorithm>
#include <numeric>

#include "proto/outcome/plain_text.h"

namespace lanyard::console {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastColumn = 6;

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// UTF-8 characters; good enough for names and versions.
std::size_t width_of(std::string const& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); }));
}

std::string fitted(std::string text, std::size_t width) {
    if (width_of(text) <= width) return text + std::string(width - width_of(text), ' ');
    while (width_of(text) > width - 3) {
        while (!text.empty() && continues_character(text.back())) text.pop_back();
        if (!text.empty()) text.pop_back();
    }
    return text + "...";
}

}  // namespace

std::string Table::to_string(std::size_t width) const {
    std::vector<std::size_t> widths(rows_.front().size());
    for (auto const& row : rows_) {
        for (std::size_t i = 0; i < widths.size() && i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    auto const total = [&] { return std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1)); };
    while (total() > width) {
        auto const widest = std::max_element(widths.begin(), widths.end());
        if (*widest <= kLeastColumn) break;
        --*widest;
    }
    std::string text;
    for (auto const& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < widths.size() && i < row.size(); ++i) {
            if (i > 0) line += std::string(kGap, ' ');
            line += fitted(as_plain(row[i]), widths[i]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

}  // namespace lanyard::console
