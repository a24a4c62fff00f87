#include <fmt/format.h>

#include <algorithm>

#include "manifests/trust/opening.h"
#include "seeder/ceremony/key_files.h"
#include "seeder/console/changes.h"
#include "seeder/console/commands.h"
#include "seeder/console/errc.h"
#include "seeder/console/key_folder.h"
#include "seeder/console/render.h"
#include "seeder/console/requests.h"
#include "seeder/publish/manifest_rows.h"

namespace lanyard::console {
namespace {

Result<signing::Request> read_all(std::vector<std::filesystem::path> const& files) {
    auto request = read_request(files.front());
    for (std::size_t i = 1; i < files.size() && request; ++i) {
        auto const more = read_request(files[i]);
        if (!more) return more;
        if (auto const merged = request->merge(*more); !merged) return pass_on(merged, "'" + files[i].string() + "'");
    }
    return request;
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
        text += "On the first node, within a day, with the name of an application for APP:\n  " + result.join_line() + "\n";
    return text;
}

}  // namespace

Status import_signed(StateDir const& dir, ImportOptions const& options, bool json, WallClock const& clock,
                     Terminal& terminal) {
    auto state = open_state(dir.root());
    if (!state) return pass_on(state);
    if (auto const there = check_public(dir); !there) return there;
    auto const handed_in = read_all(options.files);
    if (!handed_in) return pass_on(handed_in);
    PosixDisk disk;
    auto const lock = disk.lock(dir.publish_lock());
    if (!lock) return pass_on(lock);
    if (auto const complete = check_packages(*state, *handed_in); !complete) return complete;
    bool const founded = state->database.read(publish::read_manifest).has_value();
    // With the signatures that have come before.
    auto const file = store_request(dir, disk, handed_in->to_proto());
    if (!file) return pass_on(file);
    auto request = read_request(*file);
    if (!request) return pass_on(request);

    KeyFolder keys(dir, kServingRoles, ceremony::passphrase_from(options.passphrase_file));
    publish::Projection projection(disk, dir.metadata(), dir.change_lock());
    publish::Publisher publisher(state->database, projection, [&](v1::Root const& root) { return keys.find(root); });
    auto const change = publisher.take(std::move(*request), clock());
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
