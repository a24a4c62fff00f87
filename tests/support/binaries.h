#pragma once

#include <cstdint>
#include <string>

#include "tests/support/archives.h"

// The beginnings of packages and programs, as far as anybody looks at them.
namespace lanyard::support {

// kind 2: a program, 3: a shared library (or a program that may lie anywhere); machine 62: amd64, 183: arm64.
inline std::string elf(unsigned kind, unsigned machine) {
    std::string bytes =
        "\x7f"
        "ELF"
        "\x02\x01\x01";
    bytes.resize(16, '\0');
    bytes += little(kind, 2) + little(machine, 2);
    bytes.resize(64, '\0');
    return bytes;
}

// machine 0x8664: amd64; characteristics 0x2000: a DLL.
inline std::string pe(unsigned machine, unsigned characteristics) {
    std::string bytes = "MZ";
    bytes.resize(0x3c, '\0');
    bytes += little(0x80, 4);
    bytes.resize(0x80, '\0');
    bytes += std::string("PE\0\0", 4) + little(machine, 2);
    bytes.resize(0x80 + 22, '\0');
    bytes += little(characteristics, 2);
    bytes.resize(512, '\0');
    return bytes;
}

// cpu 0x0100000c: arm64; kind 6: a dylib.
inline std::string mach(std::uint32_t cpu, std::uint32_t kind) {
    std::string bytes = little(0xfeedfacf, 4) + little(cpu, 4) + little(0, 4) + little(kind, 4);
    bytes.resize(64, '\0');
    return bytes;
}

inline std::string deb() { return "!<arch>\ndebian-binary   0           0     0     100644  4         `\n2.0\n"; }
inline std::string rpm() { return "\xed\xab\xee\xdb" + std::string(200, '\x03'); }
inline std::string msi() { return "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + std::string(600, '\0'); }
inline std::string xar() { return "xar!" + std::string(100, '\x01'); }
inline std::string disk_image() { return std::string(2000, '\x07') + "koly" + std::string(508, '\0'); }

}  // namespace lanyard::support
