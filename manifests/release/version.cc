#include "manifests/release/version.h"

#include <algorithm>
#include <array>
#include <optional>

#include "manifests/release/errc.h"
#include "manifests/release/in_quotes.h"

namespace lanyard::release {
namespace {

constexpr std::size_t kMaxVersion = 128;
constexpr auto kNone = std::string_view::npos;

bool is_decimal(char c) { return c >= '0' && c <= '9'; }
bool is_identifier_char(char c) {
    return is_decimal(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

bool is_numeric(std::string_view identifier) {
    return !identifier.empty() && std::all_of(identifier.begin(), identifier.end(), is_decimal);
}

bool has_leading_zero(std::string_view number) { return number.size() > 1 && number.front() == '0'; }

// "core[-prerelease][+build]"; the parts are views into the text.
struct Parts {
    std::string_view core;
    std::optional<std::string_view> prerelease;
    std::optional<std::string_view> build;
};

Parts split(std::string_view text) {
    Parts parts;
    // A build may contain hyphens and a prerelease cannot contain '+', so '+' is looked for first.
    if (auto const plus = text.find('+'); plus != kNone) {
        parts.build = text.substr(plus + 1);
        text = text.substr(0, plus);
    }
    if (auto const hyphen = text.find('-'); hyphen != kNone) {
        parts.prerelease = text.substr(hyphen + 1);
        text = text.substr(0, hyphen);
    }
    parts.core = text;
    return parts;
}

// Takes the identifier up to the next dot; there is no `rest` behind the last one.
std::string_view take(std::optional<std::string_view>& rest) {
    auto const dot = rest->find('.');
    auto const identifier = rest->substr(0, dot);
    rest = dot == kNone ? std::nullopt : std::optional(rest->substr(dot + 1));
    return identifier;
}

char const* objection_to_core(std::string_view core) {
    std::optional<std::string_view> rest = core;
    int numbers = 0;
    while (rest) {
        auto const number = take(rest);
        if (!is_numeric(number)) return "major, minor and patch must be numbers";
        if (has_leading_zero(number)) return "a number has a leading zero";
        ++numbers;
    }
    return numbers == 3 ? nullptr : "it needs exactly major.minor.patch";
}

char const* objection_to_identifiers(std::optional<std::string_view> rest, bool zeros_allowed) {
    while (rest) {
        auto const identifier = take(rest);
        if (identifier.empty()) return "an identifier behind '-' or '+' is empty";
        if (!std::all_of(identifier.begin(), identifier.end(), is_identifier_char)) {
            return "identifiers behind '-' and '+' are made of 0-9, A-Z, a-z and '-'";
        }
        if (!zeros_allowed && is_numeric(identifier) && has_leading_zero(identifier)) {
            return "a number has a leading zero";
        }
    }
    return nullptr;
}

char const* objection_to_version(std::string_view text) {
    if (text.size() > kMaxVersion) return "it is longer than 128 characters";
    auto const parts = split(text);
    if (auto const* why = objection_to_core(parts.core)) return why;
    if (auto const* why = objection_to_identifiers(parts.prerelease, false)) return why;
    return objection_to_identifiers(parts.build, true);
}

// Numbers may have any number of digits: without leading zeros, the longer one is the greater one.
std::strong_ordering compare_numbers(std::string_view a, std::string_view b) {
    if (auto const by_length = a.size() <=> b.size(); by_length != 0) return by_length;
    return a.compare(b) <=> 0;
}

std::strong_ordering compare_identifiers(std::string_view a, std::string_view b) {
    bool const a_numeric = is_numeric(a);
    bool const b_numeric = is_numeric(b);
    if (a_numeric && b_numeric) return compare_numbers(a, b);
    if (a_numeric != b_numeric) return a_numeric ? std::strong_ordering::less : std::strong_ordering::greater;
    return a.compare(b) <=> 0;
}

// Dotted lists, identifier by identifier; when all are equal, the longer list is the greater one.
std::strong_ordering compare_lists(std::optional<std::string_view> a, std::optional<std::string_view> b) {
    while (a && b) {
        auto const left = take(a);
        auto const right = take(b);
        if (auto const order = compare_identifiers(left, right); order != 0) return order;
    }
    return a.has_value() <=> b.has_value();
}

}  // namespace

Result<Version> Version::parse(std::string_view text) {
    if (auto const* why = objection_to_version(text)) {
        return fail(Errc::malformed_version,
                    in_quotes(text) + " is not a semantic version: " + why + "; write it like 1.4.2 or 2.0.0-beta.1");
    }
    return Version(std::string(text));
}

bool Version::is_prerelease() const noexcept { return split(text_).prerelease.has_value(); }

std::weak_ordering operator<=>(Version const& a, Version const& b) {
    auto const left = split(a.text_);
    auto const right = split(b.text_);
    if (auto const order = compare_lists(left.core, right.core); order != 0) return order;
    // 11.3: a prerelease comes before its release.
    if (left.prerelease.has_value() != right.prerelease.has_value()) {
        return left.prerelease ? std::weak_ordering::less : std::weak_ordering::greater;
    }
    return compare_lists(left.prerelease, right.prerelease);
}

}  // namespace lanyard::release
