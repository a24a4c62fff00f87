#include "manifests/package/names.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "manifests/package/errc.h"
#include "proto/outcome/plain_text.h"

namespace lanyard::package {
namespace {

constexpr std::size_t kLongestComponent = 255;
constexpr std::size_t kLongestPath = 1024;

bool between(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

// What decomposed (NFD) spellings of Latin, Greek, Cyrillic and Hangul consist of.
bool is_combining(char32_t c) {
    return between(c, 0x300, 0x36f) || between(c, 0x1ab0, 0x1aff) || between(c, 0x1dc0, 0x1dff) ||
           between(c, 0x20d0, 0x20ff) || between(c, 0xfe20, 0xfe2f) || between(c, 0x1160, 0x11ff);
}

char const* wrong_character(std::string_view text) {
    while (!text.empty()) {
        auto const c = take_code_point(text);
        if (!c) return "is not valid UTF-8";
        if (is_control(*c)) return "contains a control character";
        if (*c == '\\') return "contains a backslash";
        if (*c == ':') return "contains a colon";
        if (is_invisible(*c)) return "contains an invisible character";
        if (is_combining(*c)) return "contains a decomposed character; use the composed form (NFC)";
    }
    return nullptr;
}

char32_t folded(char32_t c) {
    if (between(c, 'A', 'Z') || (between(c, 0xc0, 0xde) && c != 0xd7)) return c + 0x20;
    if (c == 0x178) return 0xff;
    // Latin Extended-A: pairs begin at an even code point, except for two runs where they begin at an odd one.
    if (between(c, 0x139, 0x148) || between(c, 0x179, 0x17e)) return c % 2 == 1 ? c + 1 : c;
    if (between(c, 0x100, 0x177) && c != 0x138) return c | 1;  // the small kra has no capital
    if (between(c, 0x391, 0x3a9) && c != 0x3a2) return c + 0x20;
    if (c == 0x3c2) return 0x3c3;
    if (between(c, 0x410, 0x42f)) return c + 0x20;
    if (between(c, 0x400, 0x40f)) return c + 0x50;
    if (between(c, 0x1e00, 0x1e95) || between(c, 0x1ea0, 0x1eff)) return c | 1;
    if (between(c, 0x460, 0x481) || between(c, 0x48a, 0x4bf) || between(c, 0x4d0, 0x52f)) return c | 1;
    return c;
}

void append(std::string& text, char32_t c) {
    auto const tail = [&](int shift) { text += static_cast<char>(0x80 | ((c >> shift) & 0x3f)); };
    if (c < 0x80) {
        text += static_cast<char>(c);
    } else if (c < 0x800) {
        text += static_cast<char>(0xc0 | c >> 6);
        tail(0);
    } else if (c < 0x10000) {
        text += static_cast<char>(0xe0 | c >> 12);
        tail(6);
        tail(0);
    } else {
        text += static_cast<char>(0xf0 | c >> 18);
        tail(12);
        tail(6);
        tail(0);
    }
}

// aux, aux.txt, AUX ...: Windows opens a device, in whatever folder.
bool reserved_by_windows(std::string_view component) {
    constexpr std::array<std::string_view, 6> kDevices{"con", "prn", "aux", "nul", "conin$", "conout$"};
    std::string stem = collision_key(component.substr(0, component.find('.')));
    while (stem.ends_with(' ')) stem.pop_back();
    if (std::ranges::find(kDevices, stem) != kDevices.end()) return true;
    bool const port = stem.starts_with("com") || stem.starts_with("lpt");
    // Superscript digits count, too.
    return port && (stem.substr(3) == "\xc2\xb9" || stem.substr(3) == "\xc2\xb2" || stem.substr(3) == "\xc2\xb3" ||
                    (stem.size() == 4 && between(static_cast<unsigned char>(stem[3]), '0', '9')));
}

char const* wrong_component(std::string_view component) {
    if (component.empty()) return "contains an empty component (two slashes)";
    if (component == "..") return "leads out of the package with \"..\"";
    if (component == ".") return "contains a \".\" component";
    if (component.size() > kLongestComponent) return "has a component of more than 255 bytes";
    if (component.front() == '-') return "has a component that begins with a dash";
    if (component.back() == '.' || component.back() == ' ') return "has a component that ends with a dot or a space";
    if (reserved_by_windows(component)) return "has a component whose name Windows reserves for a device";
    return nullptr;
}

std::vector<std::string_view> components(std::string_view path) {
    std::vector<std::string_view> parts;
    for (std::size_t begin = 0; begin <= path.size();) {
        auto const end = std::min(path.find('/', begin), path.size());
        parts.push_back(path.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

}  // namespace

Result<std::string> checked_path(std::string_view raw) {
    auto const refused = [&](char const* why) { return fail(Errc::unsafe, "the path " + printable(raw) + " " + why); };
    if (raw.empty()) return refused("is empty");
    if (raw.size() > kLongestPath) return refused("has more than 1024 bytes");
    if (raw.front() == '/') return refused("is absolute");
    if (auto const* const why = wrong_character(raw)) return refused(why);
    auto path = raw;
    if (path == ".") return std::string();
    if (path.starts_with("./")) path.remove_prefix(2);
    if (path.ends_with('/')) path.remove_suffix(1);
    if (path.empty() && raw == "./") return std::string();
    for (auto const component : components(path)) {
        if (auto const* const why = wrong_component(component)) return refused(why);
    }
    return std::string(path);
}

Status check_link(std::string_view path, std::string_view target) {
    auto const refused = [&](char const* why) {
        return fail(Errc::unsafe, "the link " + printable(path) + " -> " + printable(target) + " " + why);
    };
    if (target.empty()) return refused("has no target");
    if (target.size() > kLongestPath) return refused("has a target of more than 1024 bytes");
    if (target.front() == '/') return refused("has an absolute target");
    if (auto const* const why = wrong_character(target)) return refused(why);
    auto depth = std::ranges::count(path, '/');
    bool in_front = true;
    for (auto const component : components(target)) {
        if (component.size() > kLongestComponent) return refused("has a component of more than 255 bytes");
        if (component.empty() || component == ".") continue;
        if (component != "..") {
            in_front = false;
            continue;
        }
        // After a name, ".." may mean the parent of wherever another link leads.
        if (!in_front) return refused("has \"..\" after a name in its target");
        if (--depth < 0) return refused("leads out of the package");
    }
    return {};
}

std::string collision_key(std::string_view path) {
    std::string key;
    key.reserve(path.size());
    while (!path.empty()) {
        auto const c = take_code_point(path);
        if (!c) return key.append(path);
        append(key, folded(*c));
    }
    return key;
}

std::string printable(std::string_view path) {
    constexpr std::size_t kMostPrinted = 160;
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string text = "\"";
    for (auto rest = path.substr(0, kMostPrinted); !rest.empty();) {
        auto after = rest;
        auto const c = take_code_point(after);
        if (c && !is_control(*c) && !is_invisible(*c)) {
            text.append(rest.substr(0, rest.size() - after.size()));
            rest = after;
            continue;
        }
        auto const byte = static_cast<unsigned char>(rest.front());
        text += {'\\', 'x', kHex[byte >> 4], kHex[byte & 0xf]};
        rest.remove_prefix(1);
    }
    return text + (path.size() > kMostPrinted ? "...\"" : "\"");
}

}  // namespace lanyard::package
