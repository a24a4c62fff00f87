#include <fmt/format.h>

#include "seeder/catalogue/catalogue.h"
#include "seeder/ceremony/key_files.h"
#include "seeder/console/changes.h"
#include "seeder/console/commands.h"
#include "seeder/console/errc.h"
#include "seeder/console/key_folder.h"
#include "seeder/console/named_release.h"
#include "seeder/console/posix_files.h"
#include "seeder/console/render.h"
#include "seeder/publish/manifest_rows.h"
#include "seeder/publish/publisher.h"

namespace lanyard::console {
namespace {

using catalogue::Catalogue;
using catalogue::Filter;

Result<std::vector<catalogue::Entry>> find(StateDir const& dir, Filter const& filter) {
    auto state = open_state(dir.root());
    if (!state) return pass_on(state);
    return state->database.read([&](store::Connection& connection) { return Catalogue(connection).list(filter); });
}

}  // namespace

Result<Filter> judge(NamedRelease const& words) {
    auto app = release::AppId::parse(words.app);
    if (!app) return pass_on(app);
    auto version = release::Version::parse(words.version);
    if (!version) return pass_on(version);
    Filter filter;
    filter.app = std::move(*app);
    filter.version = std::move(*version);
    if (words.channel) {
        auto channel = release::Channel::parse(*words.channel);
        if (!channel) return pass_on(channel);
        filter.channel = std::move(*channel);
    }
    if (words.platform) {
        auto platform = release::Platform::parse(*words.platform);
        if (!platform) return pass_on(platform);
        filter.platform = std::move(*platform);
    }
    return filter;
}

namespace {

Result<std::set<std::string>> delegated_roles(OpenState& state) {
    auto const manifest = state.database.read(publish::read_manifest);
    if (!manifest) return pass_on(manifest);
    std::set<std::string> roles;
    for (auto const& [name, role] : manifest->delegated) roles.insert(name);
    return roles;
}

}  // namespace

Status list_releases(StateDir const& dir, ListOptions const& options, bool json, Terminal& terminal) {
    Filter filter;
    if (options.app) {
        auto app = release::AppId::parse(*options.app);
        if (!app) return pass_on(app);
        filter.app = std::move(*app);
    }
    auto const entries = find(dir, filter);
    if (!entries) return pass_on(entries);
    auto const list = to_list(*entries);
    if (json) {
        terminal.out << to_json(list);
    } else if (entries->empty()) {
        terminal.err << "Nothing has been published" << (options.app ? " of " + *options.app : "") << ".\n";
    } else {
        terminal.out << releases_table(list);
    }
    return {};
}

Status show_release(StateDir const& dir, ShowOptions const& options, bool json, Terminal& terminal) {
    auto const filter = judge(options);
    if (!filter) return pass_on(filter);
    auto const entries = find(dir, *filter);
    if (!entries) return pass_on(entries);
    if (entries->empty()) {
        return fail(Errc::no_such_release,
                    filter->describe() + " has not been published; `lanyard-seeder release list` shows what has");
    }
    auto const list = to_list(*entries);
    if (json && list.releases_size() > 1) {
        return fail(Errc::wrong_usage, std::to_string(list.releases_size()) + " packages of " + filter->describe() +
                                           " match, and --json shows one: add --channel or --platform");
    }
    if (json) {
        terminal.out << to_json(list.releases(0));
        return {};
    }
    for (int i = 0; i < list.releases_size(); ++i) {
        terminal.out << (i > 0 ? "\n" : "") << release_details(list.releases(i));
    }
    return {};
}

Status withdraw_release(StateDir const& dir, WithdrawOptions const& options, bool json, WallClock const& clock,
                        Terminal& terminal) {
    auto const filter = judge(options);
    if (!filter) return pass_on(filter);
    auto state = open_state(dir.root());
    if (!state) return pass_on(state);
    auto const delegated = delegated_roles(*state);
    if (!delegated) return pass_on(delegated);
    auto const ask = options.remote ? signing::Passphrase() : ceremony::passphrase_from(options.passphrase_file);
    KeyFolder keys(dir, kPublishingRoles, ask, *delegated);
    if (auto const fit = check_keys(keys, state->database); !fit) return fit;
    if (auto const there = check_public(dir); !there) return there;
    PosixDisk disk;
    publish::Projection projection(disk, dir.metadata(), dir.change_lock());
    publish::Publisher publisher(state->database, projection, [&](v1::Root const& root) { return keys.find(root); });
    // Completes what a command that was killed has begun, before this one is perhaps refused because of it.
    if (auto const drawn = publisher.draw(); !drawn) return drawn;
    auto const change = publisher.withdraw(*filter, clock());
    if (!change) return pass_on(change);
    auto const waiting = conclude_change(*state, disk, *change, terminal);
    if (!waiting) return pass_on(waiting);
    // A publish under way removes them itself.
    if (auto const lock = try_lock(dir.publish_lock()); lock && *lock) remove_unpublished(*state, disk);
    auto list = to_list(change->entries);
    if (*waiting) list.set_request((*waiting)->file.string());
    if (json) {
        terminal.out << to_json(list);
    } else if (*waiting) {
        terminal.out << (*waiting)->words;
    } else {
        terminal.out << "Withdrawn; nodes that run it keep it:\n" << releases_table(list);
    }
    return {};
}

}  // namespace lanyard::console
