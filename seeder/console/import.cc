#include <fmt/format.h>

#include <algorithm>

#include "manifests/signing/errc.h"
#include "manifests/trust/opening.h"
#include "seeder/ceremony/key_files.h"
#include "seeder/console/changes.h"
#include "seeder/console/commands.h"
#include "seeder/console/errc.h"
#include "seeder/console/key_folder.h"
#include "seeder/console/render.h"
#include "seeder/console/requests.h"
#include "seeder/publish/draft.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/manifest_rows.h"

namespace lanyard::console {
namespace {

Result<std::optional<publish::Manifest>> published_now(OpenState& state) {
    auto manifest = state.database.read(publish::read_manifest);
    if (manifest) return std::optional(std::move(*manifest));
    if (manifest.error().code != publish::Errc::not_initialised) return pass_on(manifest);
    return std::optional<publish::Manifest>();
}

bool is_signed(signing::Request const& request) {
    return std::any_of(request.items().begin(), request.items().end(),
                       [](signing::Item const& item) { return !item.envelope.signatures().empty(); });
}

// Nothing of what the files say is kept or acted upon before it was held against what is published here.
Result<signing::Request> read_all(std::vector<std::filesystem::path> const& files,
                                  std::optional<publish::Manifest> const& before) {
    std::optional<signing::Request> all;
    for (auto const& file : files) {
        auto const handed_in = read_request(file);
        if (!handed_in) return handed_in;
        auto ours = publish::held_against(*handed_in, before);
        if (!ours) return pass_on(ours, "'" + file.string() + "'");
        auto const merged = all ? all->merge(*ours) : Status();
        if (!merged) return pass_on(merged, "'" + file.string() + "'");
        if (!all) all = std::move(*ours);
    }
    if (is_signed(*all)) return std::move(*all);
    return fail(signing::Errc::bad_signature,
                "no key of this repository has signed what is in there: have the request signed (`lanyard-sign sign`), "
                "and name the file that this writes");
}

// Whose repository this becomes is for `init` to say.
Status check_founding(StateDir const& dir, signing::Request const& request) {
    if (is_asked_for(dir, request)) return {};
    return fail(publish::Errc::other_repository,
                "this seeder has no repository yet, and its `init` did not ask for this one: name the file that was "
                "signed for the request in '" +
                    dir.requests().string() + "'");
}

// What nodes are told of must be here for them to fetch.
Status check_packages(OpenState& state, signing::Request const& request) {
    auto const live = state.database.read(
        [](store::Connection& connection) { return catalogue::Catalogue(connection).live_targets(); });
    if (!live) return pass_on(live);
    for (auto const& item : request.items()) {
        if (item.role == "root") continue;
        auto const targets = trust::parse_targets(item.envelope.payload());
        if (!targets) return pass_on(targets);
        for (auto const& target : targets->targets()) {
            bool const is_live = std::any_of(
                live->begin(), live->end(), [&](v1::Target const& other) { return other.sha256() == target.sha256(); });
            std::error_code wrong;
            auto const package = state.dir.packages() / to_hex(target.sha256());
            if (is_live || std::filesystem::exists(package, wrong)) continue;
            return fail(Errc::no_such_file, "the package of " + target.app() + " " + target.version() + " ('" +
                                                package.string() +
                                                "') is not here any more: publish it again, and have that signed");
        }
    }
    return {};
}

std::string for_people(v1::ImportResult const& result) {
    std::string text = fmt::format("Published, revision {}.\n", result.revision());
    for (auto const& release : result.changed()) {
        text +=
            fmt::format("  {} {} on {}: {}\n", release.app(), release.version(), release.channel(), release.state());
    }
    if (!result.join_line().empty())
        text +=
            "On the first node, within a day, with the name of an application for APP:\n  " + result.join_line() + "\n";
    return text;
}

}  // namespace

Status import_signed(StateDir const& dir, ImportOptions const& options, bool json, WallClock const& clock,
                     Terminal& terminal) {
    auto state = open_state(dir.root());
    if (!state) return pass_on(state);
    if (auto const there = check_public(dir); !there) return there;
    PosixDisk disk;
    auto const lock = disk.lock(dir.publish_lock());
    if (!lock) return pass_on(lock);
    auto const before = published_now(*state);
    if (!before) return pass_on(before);
    auto const handed_in = read_all(options.files, *before);
    if (!handed_in) return pass_on(handed_in);
    bool const founded = before->has_value();
    if (auto const asked = founded ? Status() : check_founding(dir, *handed_in); !asked) return asked;
    if (auto const complete = check_packages(*state, *handed_in); !complete) return complete;
    // With the signatures that have come before.
    auto const file = store_request(dir, disk, handed_in->to_proto());
    if (!file) return pass_on(file);
    auto request = read_request(*file);
    if (!request) return pass_on(request);

    KeyFolder keys(dir, kServingRoles, ceremony::passphrase_from(options.passphrase_file));
    publish::Projection projection(disk, dir.metadata(), dir.change_lock());
    publish::Publisher publisher(state->database, projection, [&](v1::Root const& root) { return keys.find(root); });
    auto const change = publisher.take(*request, clock());
    if (!change) {
        remove_overtaken(*state, disk);
        return pass_on(change);
    }
    auto const waiting = conclude_change(*state, disk, *change, terminal);
    if (!waiting) return pass_on(waiting);
    v1::ImportResult result;
    result.set_schema(1);
    result.set_published(!*waiting);
    result.set_revision(change->revision);
    for (auto const& entry : change->entries) *result.add_changed() = to_info(entry);
    if (*waiting) {
        result.set_request((*waiting)->file.string());
        auto const stored = read_request((*waiting)->file);
        if (!stored) return pass_on(stored);
        for (auto const& sentence : stored->missing()) result.add_missing(sentence);
    } else {
        remove_unpublished(*state, disk);
    }
    if (!founded && !*waiting) {
        auto const ca = open_ca(dir, clock());
        if (!ca) return pass_on(ca);
        auto const token = make_first_token(*state, *ca, "import", clock());
        if (!token) return pass_on(token);
        result.set_join_line(token->join_line());
    }
    terminal.out << (json ? to_json(result) : *waiting ? (*waiting)->words : for_people(result));
    return {};
}

}  // namespace lanyard::console
