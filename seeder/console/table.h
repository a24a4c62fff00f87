#pragma once

#include <string>
#include <vector>

namespace lanyard::console {

// Text in columns for people. What is not plain (proto/outcome) is shown as '?': some
// cells hold what a node has said.
class Table {
public:
    explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }

    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

    // At most `width` columns: the widest column gives way, and what is cut off ends in "...".
    std::string to_string(std::size_t width = 80) const;

private:
    std::vector<std::vector<std::string>> rows_;
};

// Wide enough for whole key ids: they are compared to their last digit, and a stranger finds one that begins alike.
inline constexpr std::size_t kWithKeyIds = 200;

}  // namespace lanyard::console
