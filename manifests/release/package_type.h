#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::release {

// What a package is, and so how it is installed; v1::PackageType says what each of them means.
enum class PackageType { tree, file, plugin, deb, rpm, exe, msi, pkg, dmg, script, debs, rpms };

Result<PackageType> type_from_proto(v1::PackageType type);
v1::PackageType type_to_proto(PackageType type);

// The word for it: "tree", "deb".
std::string_view text(PackageType type);
std::optional<PackageType> type_from_text(std::string_view text);
// "tree, file, plugin, ...": every one, for people.
std::string all_types();

// What the file name of such a package may end with; the first is the usual one.
std::span<std::string_view const> extensions_of(PackageType type);

// The one operating system that can install it; empty: any.
std::string_view system_of(PackageType type);

// Whether it is unpacked by us, rather than kept as one file.
bool is_archive(PackageType type);
// What a bundle is made of: deb of debs. Of any other type, itself.
PackageType part_of(PackageType type);
// Several packages in an archive that go together, all or none.
bool is_bundle(PackageType type);

// Whether a tool of the operating system (or the package itself) installs it into places of its own.
bool is_native(PackageType type);

}  // namespace lanyard::release
