// Names and versions as they stand in manifests, packages and on command lines: up to three lines of input.
#include <algorithm>
#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "manifests/package/names.h"
#include "manifests/release/digest.h"
#include "manifests/release/names.h"
#include "manifests/release/version.h"
#include "tests/fuzz/fuzz.h"

using namespace lanyard;
using fuzz::must;

namespace {

bool is_plain(std::string_view name) {
    return !name.empty() && name.size() <= 64 && name.front() != '.' && name.find('/') == std::string_view::npos &&
           name.find("..") == std::string_view::npos;
}

void check_names(std::string_view line) {
    if (auto const app = release::AppId::parse(line)) must(is_plain(app->text()), "an application is a file name");
    if (auto const channel = release::Channel::parse(line)) must(is_plain(channel->text()), "so is a channel");
    if (auto const machine = release::Platform::parse(line)) {
        must(machine->text() == line, "a platform has one spelling");
        must(machine->runs_on(*machine), "a package runs on its own platform");
    }
    if (auto const digest = release::Digest::from_hex(line))
        must(digest->to_hex() == line, "a digest has one spelling");
}

void check_path(std::string_view line) {
    must(package::printable(line).find_first_of("\x1b\n\r\x07") == std::string::npos, "messages disturb no terminal");
    auto const path = package::checked_path(line);
    if (!path || path->empty()) return;  // empty: the root itself
    must(path->front() != '/', "a path is relative");
    must(("/" + *path + "/").find("/../") == std::string::npos, "a path does not climb");
    must(path->find('\\') == std::string::npos && path->find('\0') == std::string::npos, "a path is one everywhere");
    auto const again = package::checked_path(*path);
    must(again && *again == *path, "a checked path is its own checked path");
    auto const key = package::collision_key(*path);
    must(package::collision_key(key) == key, "a collision key is its own");
}

// Where the link leads, component by component.
void check_link(std::string_view at, std::string_view target) {
    auto const path = package::checked_path(at);
    if (!path || path->empty() || !package::check_link(*path, target)) return;
    must(!target.empty() && target.front() != '/', "a link is relative");
    auto depth = std::count(path->begin(), path->end(), '/');
    std::string_view rest = target;
    while (!rest.empty()) {
        auto const end = rest.find('/');
        auto const part = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (part == "..") --depth;
        must(depth >= 0, "a link does not lead out of the tree");
        if (part != ".." && part != "." && !part.empty()) ++depth;
    }
}

std::weak_ordering reversed(std::weak_ordering order) { return 0 <=> order; }

void check_order(std::vector<std::string_view> const& lines) {
    std::vector<release::Version> versions;
    for (auto const& line : lines) {
        auto const version = release::Version::parse(line);
        if (!version) continue;
        must(version->text() == line, "a version has one spelling");
        versions.push_back(*version);
    }
    for (auto const& a : versions) {
        must((a <=> a) == 0, "a version is equivalent to itself");
        for (auto const& b : versions) {
            must((a <=> b) == reversed(b <=> a), "the order of two versions does not depend on who asks");
            for (auto const& c : versions) must(!(a <= b && b <= c) || a <= c, "versions are in one line");
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto rest = fuzz::text(data, size);
    std::vector<std::string_view> lines;
    while (lines.size() < 3) {
        auto const end = rest.find('\n');
        lines.push_back(rest.substr(0, end));
        if (end == std::string_view::npos) break;
        rest = rest.substr(end + 1);
    }
    for (auto const& line : lines) {
        check_names(line);
        check_path(line);
    }
    if (lines.size() > 1) check_link(lines[0], lines[1]);
    check_order(lines);
    return 0;
}
