#include "node/apply/script.h"

namespace lanyard::apply {
namespace {

// $1: the script, $2: install or remove, $3: the file that says what has run, $4: the version, or nothing.
constexpr char const* kRun = R"(set -eu
printf 'begun\n' >"$3"
"$1" "$2"
sync
if [ -n "$4" ]; then
  printf 'version: %s\n' "$4" >"$3.next"
  mv "$3.next" "$3"
else
  rm -f "$3"
fi
)";

std::filesystem::path home_of(PackageFile const& package) {
    return package.file.parent_path().parent_path().parent_path();
}

std::string mark_of(PackageFile const& package) { return (home_of(package) / "script.ran").string(); }

Call run(PackageFile const& package, char const* what, std::string const& version) {
    auto const home = home_of(package);
    Call call{{"/bin/sh", "-c", kRun, "sh", package.file.string(), what, mark_of(package), version},
              {{"LANYARD_APP", package.target.app.text()},
               {"LANYARD_VERSION", package.target.version.text()},
               {"LANYARD_DIR", home.string()},
               {"TMPDIR", home.string()}}};
    if (!package.target.install.installer.unconfined) call.confined_to = home;
    return call;
}

}  // namespace

Result<Identity> Script::identity(PackageFile const& package, Exit const&) const {
    return Identity{package.target.app.text(), package.target.version.text()};
}

Call Script::query(PackageFile const& package, Identity const&) const {
    // It lies where the script may write: a pipe there would keep a reader waiting, a device without end would feed it.
    return {{"/usr/bin/find", mark_of(package), "-maxdepth", "0", "-type", "f", "-size", "-8", "-exec", "/bin/cat",
             "{}", ";"}};
}

Presence Script::presence(Exit const& exit) const {
    if (exit.code != 0) return {};
    auto const lines = lines_that_begin(exit.output, "version: ");
    if (lines.size() != 1) return {Condition::broken, ""};
    return {Condition::whole, lines.front().substr(std::string_view("version: ").size())};
}

std::vector<Call> Script::calls(Step step, PackageFile const& package, Identity const& identity) const {
    switch (step) {
        case Step::install:
        case Step::go_back:
            return {run(package, "install", identity.version)};
        case Step::remove:
            return {run(package, "remove", "")};
        case Step::rehearse:
        case Step::mend:
            break;
    }
    return {};
}

Verdict Script::judge(Step, PackageFile const& package, Identity const&, Exit const& exit) const {
    return by_signed_code(package, exit).value_or(exit.code == 0 ? Verdict::done : Verdict::failed);
}

}  // namespace lanyard::apply
