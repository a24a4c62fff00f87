#include "node/apply/macos_tools.h"

namespace lanyard::apply {
namespace {

// Written when the application has been copied as a whole.
constexpr char const* kMark = ".copied";

// $1: the image, $2: the directory of the release, $3: its version, $4: the mark.
constexpr char const* kCopy = R"sh(set -eu
place=$(mktemp -d)
trap 'hdiutil detach "$place" -force -quiet || :; rmdir "$place"' EXIT
hdiutil attach "$1" -mountpoint "$place" -nobrowse -readonly -noautoopen -quiet
image=$1 directory=$2 version=$3 mark=$4
rm -f "$directory/$mark"
rm -rf "$directory"/*.app
set -- "$place"/*.app
if [ $# -ne 1 ] || [ ! -d "$1" ]; then
  echo "$image must hold exactly one application" >&2
  exit 65
fi
ditto "$1" "$directory/$(basename "$1")"
sync
printf 'version: %s\n' "$version" >"$directory/$mark"
)sh";

Presence by_version_line(Exit const& exit) {
    if (exit.code != 0) return {};
    auto const lines = lines_that_begin(exit.output, "version: ");
    if (lines.size() != 1) return {Condition::broken, ""};
    return {Condition::whole, lines.front().substr(std::string_view("version: ").size())};
}

Verdict by_exit_code(PackageFile const& package, Exit const& exit) {
    return by_signed_code(package, exit).value_or(exit.code == 0 ? Verdict::done : Verdict::failed);
}

}  // namespace

Result<Identity> Pkg::identity(PackageFile const& package, Exit const&) const {
    auto const& policy = package.target.install.installer;
    return Identity{policy.product,
                    policy.product_version.empty() ? package.target.version.text() : policy.product_version};
}

Call Pkg::query(PackageFile const&, Identity const& identity) const {
    return {{"pkgutil", "--pkg-info", identity.name}};
}

Presence Pkg::presence(Exit const& exit) const { return by_version_line(exit); }

std::vector<Call> Pkg::calls(Step step, PackageFile const& package, Identity const& identity) const {
    auto const file = package.file.string();
    auto const& remove = package.target.install.installer.remove_command;
    switch (step) {
        case Step::rehearse:
            return {{{"installer", "-pkginfo", "-pkg", file}}};
        case Step::install:
        case Step::go_back:
            return {{{"installer", "-pkg", file, "-target", "/"}}};
        case Step::remove:
            if (!remove.empty()) return {{{"/bin/sh", "-c", remove}}, {{"pkgutil", "--forget", identity.name}}};
            break;
        case Step::mend:
            break;
    }
    return {};
}

Verdict Pkg::judge(Step, PackageFile const& package, Identity const&, Exit const& exit) const {
    return by_exit_code(package, exit);
}

Result<Identity> Dmg::identity(PackageFile const& package, Exit const&) const {
    return Identity{package.target.app.text(), package.target.version.text()};
}

Call Dmg::query(PackageFile const& package, Identity const&) const {
    return {{"/bin/cat", (package.file.parent_path() / kMark).string()}};
}

Presence Dmg::presence(Exit const& exit) const { return by_version_line(exit); }

std::vector<Call> Dmg::calls(Step step, PackageFile const& package, Identity const& identity) const {
    auto const directory = package.file.parent_path();
    switch (step) {
        case Step::install:
        case Step::go_back:
            return {
                {{"/bin/sh", "-c", kCopy, "sh", package.file.string(), directory.string(), identity.version, kMark}}};
        case Step::remove:
            return {{{"/bin/rm", "-f", (directory / kMark).string()}}};
        case Step::rehearse:
            return {{{"hdiutil", "imageinfo", package.file.string()}}};
        case Step::mend:
            break;
    }
    return {};
}

Verdict Dmg::judge(Step, PackageFile const& package, Identity const&, Exit const& exit) const {
    return by_exit_code(package, exit);
}

}  // namespace lanyard::apply
