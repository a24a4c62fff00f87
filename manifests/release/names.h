#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "proto/outcome/result.h"

namespace lanyard::release {

// The name of an application: 1 to 64 of [a-z0-9._-], begins with a letter or digit, no "..". Safe as a file name on
// every platform (reserved Windows names are refused).
class AppId {
public:
    static Result<AppId> parse(std::string_view text);
    std::string const& text() const noexcept { return text_; }
    friend auto operator<=>(AppId const&, AppId const&) = default;

private:
    explicit AppId(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

// A line of releases: "stable", "beta", any name under the rules of AppId.
class Channel {
public:
    static Result<Channel> parse(std::string_view text);
    std::string const& text() const noexcept { return text_; }
    friend auto operator<=>(Channel const&, Channel const&) = default;

private:
    explicit Channel(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

// "linux/amd64". os: linux, windows, macos, any. arch: amd64, arm64, armhf, i386, riscv64, any.
class Platform {
public:
    static Result<Platform> parse(std::string_view text);
    static Platform here();  // the machine this program was built for

    std::string const& os() const noexcept { return os_; }
    std::string const& arch() const noexcept { return arch_; }
    std::string text() const { return os_ + "/" + arch_; }
    // Whether a package for `*this` runs on `machine`: equal, or "any" on this side.
    bool runs_on(Platform const& machine) const;
    friend auto operator<=>(Platform const&, Platform const&) = default;

private:
    Platform(std::string os, std::string arch) : os_(std::move(os)), arch_(std::move(arch)) {}
    std::string os_;
    std::string arch_;
};

}  // namespace lanyard::release
