#pragma once

#include <string>
#include <string_view>

#include "proto/outcome/result.h"

namespace lanyard::package {

// Rules for names inside a package, the same on every platform, so that what one node can unpack every node can.

// The path of an entry without a leading "./" and without the trailing slash of a directory; empty for the root itself.
// Refuses: absolute paths, "." and ".." and empty components, backslash, colon, control and invisible characters,
// invalid UTF-8, decomposed characters (they collide with composed ones), a leading dash, a trailing dot or space,
// names that Windows reserves, components of more than 255 and paths of more than 1024 bytes.
Result<std::string> checked_path(std::string_view raw);

// The target of a symbolic link at `path` (checked): relative, ".." only in front and not out of the tree. Because
// entries through a link are refused, the folder of `path` is a real one, and no chain of such links leads out.
Status check_link(std::string_view path, std::string_view target);

// Two paths that a case-insensitive file system may take for one have the same key. Folds ASCII, Latin, Greek and
// Cyrillic; checked_path() has refused what would need normalisation.
std::string collision_key(std::string_view path);

// For messages: whatever could disturb a terminal or a log is written as \xNN, and a long path is cut.
std::string printable(std::string_view path);

}  // namespace lanyard::package
