#include "manifests/release/package_type.h"

#include <array>

#include "manifests/release/errc.h"

namespace lanyard::release {
namespace {

// A tree has to be one of the archives; a file may happen to be one.
constexpr std::array<std::string_view, 6> kFile{"bin", "tar.zst", "tar.gz", "tar.xz", "tar", "zip"};
constexpr std::array<std::string_view, 5> kTree{"tar.zst", "tar.gz", "tar.xz", "tar", "zip"};
constexpr std::array<std::string_view, 1> kDeb{"deb"};
constexpr std::array<std::string_view, 1> kRpm{"rpm"};
constexpr std::array<std::string_view, 1> kExe{"exe"};
constexpr std::array<std::string_view, 1> kMsi{"msi"};
constexpr std::array<std::string_view, 1> kPkg{"pkg"};
constexpr std::array<std::string_view, 1> kDmg{"dmg"};
constexpr std::array<std::string_view, 1> kScript{"script"};

struct TypeRow {
    PackageType type;
    v1::PackageType number;
    std::string_view word;
    std::span<std::string_view const> extensions;
    std::string_view system;
    bool archive = false;
    bool native = false;
};

constexpr std::array<TypeRow, 12> kTypes{{
    {PackageType::tree, v1::PACKAGE_TYPE_TREE, "tree", kTree, "", true, false},
    {PackageType::file, v1::PACKAGE_TYPE_FILE, "file", kFile, "", false, false},
    {PackageType::plugin, v1::PACKAGE_TYPE_PLUGIN, "plugin", kTree, "", true, false},
    {PackageType::deb, v1::PACKAGE_TYPE_DEB, "deb", kDeb, "linux", false, true},
    {PackageType::rpm, v1::PACKAGE_TYPE_RPM, "rpm", kRpm, "linux", false, true},
    {PackageType::exe, v1::PACKAGE_TYPE_EXE, "exe", kExe, "windows", false, true},
    {PackageType::msi, v1::PACKAGE_TYPE_MSI, "msi", kMsi, "windows", false, true},
    {PackageType::pkg, v1::PACKAGE_TYPE_PKG, "pkg", kPkg, "macos", false, true},
    {PackageType::dmg, v1::PACKAGE_TYPE_DMG, "dmg", kDmg, "macos", false, true},
    {PackageType::script, v1::PACKAGE_TYPE_SCRIPT, "script", kScript, "", false, true},
    {PackageType::debs, v1::PACKAGE_TYPE_DEBS, "debs", kTree, "linux", true, true},
    {PackageType::rpms, v1::PACKAGE_TYPE_RPMS, "rpms", kTree, "linux", true, true},
}};

TypeRow const& row_of(PackageType type) { return kTypes[static_cast<std::size_t>(type)]; }

}  // namespace

Result<PackageType> type_from_proto(v1::PackageType type) {
    for (auto const& row : kTypes) {
        if (row.number == type) return row.type;
    }
    return fail(Errc::unknown_package_type,
                "type " + std::to_string(static_cast<int>(type)) + " is not known here; a newer lanyard may know it");
}

v1::PackageType type_to_proto(PackageType type) { return row_of(type).number; }
std::string_view text(PackageType type) { return row_of(type).word; }
std::span<std::string_view const> extensions_of(PackageType type) { return row_of(type).extensions; }
std::string_view system_of(PackageType type) { return row_of(type).system; }
bool is_archive(PackageType type) { return row_of(type).archive; }
bool is_bundle(PackageType type) { return part_of(type) != type; }
bool is_native(PackageType type) { return row_of(type).native; }

PackageType part_of(PackageType type) {
    if (type == PackageType::debs) return PackageType::deb;
    return type == PackageType::rpms ? PackageType::rpm : type;
}

std::optional<PackageType> type_from_text(std::string_view word) {
    for (auto const& row : kTypes) {
        if (row.word == word) return row.type;
    }
    return std::nullopt;
}

std::string all_types() {
    std::string list;
    for (auto const& row : kTypes) list += (list.empty() ? "" : ", ") + std::string(row.word);
    return list;
}

}  // namespace lanyard::release
