#pragma once

#include <span>
#include <string>
#include <system_error>

#include "proto/outcome/kind.h"

namespace lanyard {

struct ErrcRow {
    int value;
    char const* text;
    Kind kind;
};

// The error category of a room, from a table with a row for each enumerator of its Errc. `room` and `rows` must outlive
// the category (both are static data in the room's errc.cc).
class ErrcTable final : public std::error_category {
public:
    ErrcTable(char const* room, std::span<ErrcRow const> rows) noexcept : room_(room), rows_(rows) {}

    char const* name() const noexcept override { return room_; }

    std::string message(int value) const override {
        auto const* row = find(value);
        return row ? row->text : "unknown error";
    }

    std::error_condition default_error_condition(int value) const noexcept override {
        auto const* row = find(value);
        return row ? row->kind : Kind::internal;
    }

private:
    ErrcRow const* find(int value) const noexcept {
        for (auto const& row : rows_) {
            if (row.value == value) return &row;
        }
        return nullptr;
    }

    char const* room_;
    std::span<ErrcRow const> rows_;
};

}  // namespace lanyard
