#pragma once

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "node/console/errc.h"
#include "proto/outcome/result.h"

namespace lanyard::console {

// Reads the keys of one table; the first thing that is wrong is kept, with its line, and ends the reading.
class Reader {
public:
    Reader(toml::table const* table, std::filesystem::path const& file, std::optional<Error>& problem)
        : table_(table), file_(file), problem_(problem) {}

    void text(char const* key, std::string& value) {
        if (auto const* node = take(key)) {
            if (auto const* found = node->as_string()) {
                value = found->get();
            } else {
                wrong(*node, key, "text in quotes");
            }
        }
    }

    void flag(char const* key, bool& value) {
        if (auto const* node = take(key)) {
            if (auto const* found = node->as_boolean()) {
                value = found->get();
            } else {
                wrong(*node, key, "true or false");
            }
        }
    }

    template <class Number>
    void number(char const* key, Number& value, std::int64_t least, std::int64_t most) {
        auto const* node = take(key);
        if (!node) return;
        auto const* found = node->as_integer();
        if (!found || found->get() < least || found->get() > most) {
            return wrong(*node, key, fmt::format("a whole number from {} to {}", least, most));
        }
        value = static_cast<Number>(found->get());
    }

    void texts(char const* key, std::vector<std::string>& values) {
        auto const* node = take(key);
        if (!node) return;
        auto const* list = node->as_array();
        if (!list) return wrong(*node, key, "a list of texts");
        values.clear();
        for (auto const& item : *list) {
            if (!item.is_string()) return wrong(item, key, "a list of texts");
            values.push_back(item.as_string()->get());
        }
    }

    template <class Number>
    void number(char const* key, std::optional<Number>& value, std::int64_t least, std::int64_t most) {
        Number found{};
        bool const known = table_ && table_->contains(key);
        number(key, found, least, most);
        if (known && !problem_) value = found;
    }

    toml::table const* section(char const* key) {
        auto const* node = take(key);
        if (!node) return nullptr;
        if (!node->is_table()) wrong(*node, key, "a section of its own");
        return node->as_table();
    }

    // Whatever has not been read is a mistake.
    void done() {
        if (!table_) return;
        for (auto const& [key, node] : *table_) {
            if (std::find(known_.begin(), known_.end(), key.str()) != known_.end()) continue;
            std::string list;
            for (auto const& one : known_) list += (list.empty() ? "" : ", ") + one;
            problem(node, fmt::format("unknown key '{}' (known here: {})", key.str(), list));
        }
    }

    void problem(toml::node const& node, std::string const& what) {
        if (problem_) return;
        problem_ =
            Error(Errc::malformed_config, fmt::format("{}:{}: {}", file_.string(), node.source().begin.line, what));
    }

private:
    toml::node const* take(char const* key) {
        known_.emplace_back(key);
        return table_ && !problem_ ? table_->get(key) : nullptr;
    }

    void wrong(toml::node const& node, char const* key, std::string const& wanted) {
        problem(node, fmt::format("'{}' must be {}", key, wanted));
    }

    toml::table const* table_;
    std::filesystem::path const& file_;
    std::optional<Error>& problem_;
    std::vector<std::string> known_;
};

}  // namespace lanyard::console
