#include "manifests/package/binary.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace lanyard::package {
namespace {

using Machines = std::span<std::pair<std::uint32_t, char const*> const>;

// The numbers of the three formats: e_machine, IMAGE_FILE_MACHINE_*, CPU_TYPE_*.
constexpr std::array<std::pair<std::uint32_t, char const*>, 5> kElf{
    {{62, "amd64"}, {183, "arm64"}, {40, "armhf"}, {3, "i386"}, {243, "riscv64"}}};
constexpr std::array<std::pair<std::uint32_t, char const*>, 4> kPe{
    {{0x8664, "amd64"}, {0xaa64, "arm64"}, {0x1c4, "armhf"}, {0x14c, "i386"}}};
constexpr std::array<std::pair<std::uint32_t, char const*>, 3> kMach{
    {{0x01000007, "amd64"}, {0x0100000c, "arm64"}, {7, "i386"}}};

std::string named(Machines machines, std::uint32_t number) {
    auto const found = std::find_if(machines.begin(), machines.end(), [&](auto const& m) { return m.first == number; });
    return found == machines.end() ? "unknown" : found->second;
}

std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t width, bool big) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) {
        auto const byte = static_cast<unsigned char>(bytes[at + (big ? i : width - 1 - i)]);
        value = value << 8 | byte;
    }
    return value;
}

std::optional<Binary> elf(std::string_view bytes) {
    constexpr std::uint32_t kSharedObject = 3;  // ET_DYN: a program may be one, too
    if (bytes.size() < 20 || !bytes.starts_with("\x7f"
                                                "ELF")) {
        return std::nullopt;
    }
    bool const big = bytes[5] == 2;
    return Binary{"linux", named(kElf, number(bytes, 18, 2, big)), number(bytes, 16, 2, big) == kSharedObject};
}

std::optional<Binary> pe(std::string_view bytes) {
    constexpr std::size_t kPlaceOfHeader = 0x3c;
    constexpr std::uint32_t kDll = 0x2000;
    constexpr std::string_view kSignature("PE\0\0", 4);
    if (bytes.size() < 64 || !bytes.starts_with("MZ")) return std::nullopt;
    auto const at = number(bytes, kPlaceOfHeader, 4, false);
    if (at > bytes.size() || bytes.size() - at < 24 || bytes.substr(at, 4) != kSignature) return std::nullopt;
    return Binary{"windows", named(kPe, number(bytes, at + 4, 2, false)),
                  (number(bytes, at + 22, 2, false) & kDll) != 0};
}

std::optional<Binary> mach(std::string_view bytes) {
    // Java's classes begin like an image for several processors; theirs is a version instead of a small count.
    constexpr std::uint32_t kMostImages = 20;
    if (bytes.size() < 32) return std::nullopt;
    auto const magic = number(bytes, 0, 4, true);
    auto const count = number(bytes, 4, 4, true);
    if (magic == 0xcafebabe && count > 0 && count < kMostImages) return Binary{"macos", "any", true};
    if (magic != 0xcffaedfe && magic != 0xcefaedfe) return std::nullopt;
    auto const kind = number(bytes, 12, 4, false);
    return Binary{"macos", named(kMach, number(bytes, 4, 4, false)), kind == 6 || kind == 8};  // MH_DYLIB, MH_BUNDLE
}

}  // namespace

std::optional<Binary> binary_of(std::span<char const> head) {
    std::string_view const bytes(head.data(), head.size());
    if (auto found = elf(bytes)) return found;
    if (auto found = pe(bytes)) return found;
    return mach(bytes);
}

bool runs_on(Binary const& binary, release::Platform const& platform) {
    bool const system = platform.os() == "any" || platform.os() == binary.os;
    bool const machine = platform.arch() == "any" || binary.arch == "any" || platform.arch() == binary.arch;
    return system && machine;
}

}  // namespace lanyard::package
