#include "node/console/verify.h"

#include <fmt/format.h>

#include <charconv>

#include "manifests/package/package.h"
#include "manifests/trust/clock_floor.h"
#include "manifests/trust/errc.h"
#include "manifests/trust/opening.h"
#include "node/console/errc.h"
#include "node/console/same_tree.h"
#include "proto/http/errc.h"

namespace lanyard::console {
namespace {

namespace fs = std::filesystem;
using trust::RoleName;
using Bytes = Result<std::optional<std::string>>;

bool go_on(std::uint64_t, std::uint64_t) { return true; }
Status need_not_last(fs::path const&) { return {}; }

Bytes or_unknown(Bytes bytes) {
    if (bytes && !*bytes) return fail(Errc::nothing_to_do, "none is stored yet: the seeder has not been asked");
    return bytes;
}

// The stored file that a refresh would have fetched under this name.
Bytes stored_file(store::MetadataStore& metadata, std::string const& name) {
    auto const dot = name.find('.');
    if (name == "timestamp.pb") return or_unknown(metadata.get(RoleName::timestamp));
    auto const role = name.substr(dot + 1, name.size() - dot - 1 - std::string_view(".pb").size());
    if (role == "root") {
        std::uint64_t version = 0;
        std::from_chars(name.data(), name.data() + dot, version);
        return metadata.root(version);
    }
    if (role == "snapshot") return or_unknown(metadata.get(RoleName::snapshot));
    if (role == "targets") return or_unknown(metadata.get(RoleName::targets));
    return or_unknown(metadata.get_delegated(role));
}

// Unpacked beside the state, and gone when this is.
class Scratch {
public:
    explicit Scratch(fs::path path) : path_(std::move(path)) { clear(); }
    ~Scratch() { clear(); }
    Scratch(Scratch const&) = delete;
    Scratch& operator=(Scratch const&) = delete;
    fs::path const& path() const { return path_; }

private:
    void clear() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    fs::path path_;
};

Status unpack(release::Target const& target, fs::path const& package, fs::path const& directory) {
    auto const promise = package::promise_of(target);
    if (release::is_archive(target.type)) {
        return package::unpack(package, directory, promise, need_not_last, go_on);
    }
    return package::place_file(package, directory, package::file_name(target), promise, need_not_last, go_on);
}

}  // namespace

Bytes as_served(Result<std::string> fetched) {
    if (fetched) return std::move(*fetched);
    if (fetched.error().code == http::Errc::not_found) return std::nullopt;
    if (fetched.error().code == http::Errc::too_large) {
        return fail(trust::Errc::endless_data, "endless data: " + fetched.error().detail);
    }
    return pass_on(fetched);
}

Result<v1::Verification> Verifier::verify(std::string const& app, fs::path const& package_file) {
    std::error_code wrong;
    if (!package_file.empty() && !fs::is_regular_file(package_file, wrong)) {
        return fail(Errc::no_such_file, fmt::format("--file '{}' is no file: check the path", package_file.string()));
    }
    found_.set_schema(1);
    found_.set_holds(true);
    if (auto const told = clock(); !told) return pass_on(told);
    auto set = stored();
    if (!set) return pass_on(set);
    auto newer = served();
    if (!newer) return pass_on(newer);
    if (*newer) set = std::move(newer);

    bool known = app.empty();
    for (auto const& entry : config_.apps) {
        if (!app.empty() && entry.app.name.text() != app) continue;
        known = true;
        if (!package_file.empty() || !*set) continue;
        if (auto const looked = installed(**set, entry.app); !looked) return pass_on(looked);
    }
    if (!known) return fail(Errc::unknown_app, fmt::format("this node does not care for '{}': see node.toml", app));
    if (!package_file.empty() && *set) file(**set, app, package_file);
    if (!*set) note("manifest", "targets", Holds::unknown, "no manifest is believed, so no package can be");
    return std::move(found_);
}

void Verifier::note(std::string const& place, trust::Step const& step) { note(place, step.what, step.holds, step.why); }

void Verifier::note(std::string const& place, std::string const& what, Holds holds, std::string const& why) {
    if (holds == Holds::no) found_.set_holds(false);
    auto& step = *found_.add_steps();
    step.set_place(place);
    step.set_what(what);
    step.set_verdict(trust::text(holds));
    step.set_why(why);
}

Status Verifier::clock() {
    auto const floor = metadata_.clock_floor();
    if (!floor) return pass_on(floor);
    auto const time = trust::believable_time(now_, *floor);
    if (time) now_ = *time;
    note("node", "clock", time ? Holds::yes : Holds::no, time ? "it is " + trust::utc(now_) : time.error().detail);
    return {};
}

Result<std::optional<trust::TrustedSet>> Verifier::stored() {
    auto const first = metadata_.root(1);
    if (!first) return pass_on(first);
    if (!*first) return fail(Errc::not_joined, "this node trusts no root: run `lanyard-node join` first");
    auto const digest = trust::sha256(**first);
    bool const same = digest == config_.root_digest;
    note("stored", "first root", same ? Holds::yes : Holds::no,
         fmt::format("its SHA-256 {} is {}the one given at join", digest.to_hex(), same ? "" : "not "));
    source_ = [this](std::string const& name, std::size_t) { return stored_file(metadata_, name); };
    auto explanation = trust::explain({**first, {}, {}}, source_, now_);
    for (auto const& step : explanation.steps) note("stored", step);
    return std::move(explanation.set);
}

Result<std::optional<trust::TrustedSet>> Verifier::served() {
    auto const root = metadata_.newest_root();
    auto const timestamp = metadata_.get(RoleName::timestamp);
    auto const snapshot = metadata_.get(RoleName::snapshot);
    for (auto const* read : {&root, &timestamp, &snapshot}) {
        if (!*read) return pass_on(*read);
    }
    auto explanation = trust::explain({**root, *timestamp, *snapshot}, served_, now_);
    for (auto const& step : explanation.steps) note("served", step);
    if (explanation.set) source_ = served_;
    return std::move(explanation.set);
}

void Verifier::file(trust::TrustedSet const& set, std::string const& app, fs::path const& file) {
    auto const what = file.filename().string();
    auto const digest = package::digest_file(file, go_on);
    if (!digest) return note("file", what, Holds::no, digest.error().detail);
    for (auto const& path : trust::paths_of_package(set, *digest, source_)) {
        if (!app.empty() && !path.starts_with(app + "/")) continue;
        for (auto const& step : trust::explain_target(set, path, source_).steps) note("file", step);
        return;
    }
    note(
        "file", what, Holds::no,
        fmt::format("no {}package in the manifest has its SHA-256 {}", app.empty() ? "" : app + " ", digest->to_hex()));
}

Status Verifier::installed(trust::TrustedSet const& set, check::ManagedApp const& app) {
    auto const known = records_.installed(app.name);
    if (!known) return pass_on(known);
    if (!known->current) {
        note(app.name.text(), "release", Holds::unknown, "nothing is installed yet");
        return {};
    }
    auto const& running = *known->current;
    target(set, running);
    current(running, app.home);
    if (package(running)) tree(running, app.home);
    return {};
}

void Verifier::target(trust::TrustedSet const& set, release::Target const& installed) {
    auto const& place = installed.app.text();
    auto const explained = trust::explain_target(set, installed.path, source_);
    for (auto const& step : explained.steps) {
        // A release that nobody names any more may have been withdrawn, and is kept all the same.
        bool const gone = !explained.named && &step == &explained.steps.back();
        note(place, step.what, gone ? Holds::unknown : step.holds,
             gone ? step.why + "; it was believed when it was installed, and may have been withdrawn since" : step.why);
    }
    if (explained.target && explained.target->sha256 != installed.sha256) {
        note(place, "digest", Holds::no,
             fmt::format("{} has SHA-256 {} in the manifest and {} here", installed.path,
                         explained.target->sha256.to_hex(), installed.sha256.to_hex()));
    }
}

void Verifier::current(release::Target const& installed, fs::path const& home) {
    std::error_code failed;
    auto const leads_to = fs::read_symlink(home / "current", failed);
    auto const wanted = fs::path("versions") / installed.version.text();
    if (failed) return note(installed.app.text(), "current", Holds::no, "cannot be read: " + failed.message());
    bool const same = leads_to == wanted;
    note(installed.app.text(), "current", same ? Holds::yes : Holds::no,
         same ? "leads to " + leads_to.string()
              : fmt::format("leads to {}, and {} was installed", leads_to.string(), wanted.string()));
}

bool Verifier::package(release::Target const& installed) {
    auto const& place = installed.app.text();
    auto const file = files_.packages() / installed.sha256.to_hex();
    std::error_code failed;
    if (!fs::exists(file, failed)) {
        note(place, "package", Holds::unknown, "it is not kept here, so the installed tree cannot be held against it");
        return false;
    }
    auto const digest = package::digest_file(file, go_on);
    if (!digest) {
        note(place, "package", Holds::unknown, digest.error().detail);
        return false;
    }
    bool const same = *digest == installed.sha256;
    note(place, "package", same ? Holds::yes : Holds::no,
         same ? file.string() + " has the signed SHA-256"
              : fmt::format("{} has SHA-256 {}, which is not the signed one; it is fetched again when it is needed",
                            file.string(), digest->to_hex()));
    return same;
}

void Verifier::tree(release::Target const& installed, fs::path const& home) {
    auto const& place = installed.app.text();
    Scratch const scratch(files_.root / "verify.scratch");
    auto const file = files_.packages() / installed.sha256.to_hex();
    if (auto const unpacked = unpack(installed, file, scratch.path()); !unpacked) {
        return note(place, "tree", Holds::unknown, "the package cannot be unpacked: " + unpacked.error().detail);
    }
    auto const compared = compare_trees(scratch.path(), home / "versions" / installed.version.text());
    if (!compared.difference.empty()) {
        return note(place, "tree", Holds::no, "what is installed is not what was signed: " + compared.difference);
    }
    note(place, "tree", Holds::yes,
         fmt::format("{} entries are installed as signed; {} have been added since", compared.entries, compared.added));
}

}  // namespace lanyard::console
