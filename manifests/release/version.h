#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "proto/outcome/result.h"

namespace lanyard::release {

// Semantic Versioning 2.0.0, ordered by its section 11. Build metadata is part of the text and not of the order, so two
// different versions may compare equivalent (a weak order). At most 128 characters.
class Version {
public:
    static Result<Version> parse(std::string_view text);

    std::string const& text() const noexcept { return text_; }
    bool is_prerelease() const noexcept;

    friend std::weak_ordering operator<=>(Version const&, Version const&);
    friend bool operator==(Version const& a, Version const& b) { return (a <=> b) == 0; }

private:
    explicit Version(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

}  // namespace lanyard::release
