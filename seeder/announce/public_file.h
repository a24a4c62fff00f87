#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace lanyard::announce {

// The file below public/ that a path means: "/metadata/{N.root.pb, N.targets.pb, N.snapshot.pb, timestamp.pb}" and
// "/packages/<64 hex digits>{,.torrent,.pieces}". Nothing for every other path, whatever lies in the folder.
std::optional<std::filesystem::path> public_file(std::string_view path);

}  // namespace lanyard::announce
