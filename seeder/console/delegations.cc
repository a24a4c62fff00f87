#include <fmt/format.h>

#include "seeder/ceremony/key_files.h"
#include "seeder/console/changes.h"
#include "seeder/console/commands.h"
#include "seeder/console/errc.h"
#include "seeder/console/key_folder.h"
#include "seeder/console/render.h"
#include "seeder/console/table.h"
#include "seeder/publish/manifest_rows.h"

namespace lanyard::console {
namespace {

Result<v1::DelegationList> read_delegations(OpenState& state, trust::TimePoint now) {
    auto const manifest = state.database.read(publish::read_manifest);
    if (!manifest) return pass_on(manifest);
    auto const targets = publish::targets_in(manifest->targets);
    if (!targets) return pass_on(targets);
    v1::DelegationList list;
    list.set_schema(1);
    for (auto const& delegation : targets->delegations()) {
        auto& info = *list.add_delegations();
        info.set_name(delegation.name());
        for (auto const& id : delegation.keyids()) info.add_key_ids(to_hex(id));
        info.set_threshold(delegation.threshold());
        info.set_terminating(delegation.terminating());
        *info.mutable_paths() = delegation.paths();
        auto const role = manifest->delegated.find(delegation.name());
        if (role == manifest->delegated.end()) continue;
        info.set_version(role->second.version);
        info.set_expires(role->second.expires);
        info.set_days_left(publish::days_left(role->second.expires, now));
    }
    return list;
}

std::string joined(google::protobuf::RepeatedPtrField<std::string> const& texts) {
    std::string line;
    for (auto const& text : texts) line += (line.empty() ? "" : " ") + text;
    return line;
}

std::string for_people(v1::DelegationList const& list) {
    if (list.delegations().empty()) return "Nothing is delegated.\n";
    Table table({"ROLE", "HAVE TO SIGN", "VERSION", "IN DAYS", "PATHS", "KEY"});
    for (auto const& info : list.delegations()) {
        bool first = true;
        for (auto const& id : info.key_ids()) {
            if (first) {
                table.add({info.name() + (info.terminating() ? " (terminating)" : ""),
                           fmt::format("{} of {}", info.threshold(), info.key_ids_size()),
                           std::to_string(info.version()), info.version() == 0 ? "-" : std::to_string(info.days_left()),
                           joined(info.paths()), id});
            } else {
                table.add({"", "", "", "", "", id});
            }
            first = false;
        }
    }
    return table.to_string(kWithKeyIds);
}

// Whose keys sign: those of the role called `name`, and of these.
struct Signing {
    std::string const& name;
    std::set<std::string> const& roles;
    std::optional<std::filesystem::path> const& passphrase_file;
};

// Opens the state, lets `body` change it, and tells what has come of it.
template <class Body>
Status change_delegations(StateDir const& dir, Signing const& signing, bool json, WallClock const& clock,
                          Terminal& terminal, Body body) {
    auto state = open_state(dir.root());
    if (!state) return pass_on(state);
    if (auto const there = check_public(dir); !there) return there;
    PosixDisk disk;
    auto const lock = disk.lock(dir.publish_lock());
    if (!lock) return pass_on(lock);
    KeyFolder keys(dir, signing.roles, ceremony::passphrase_from(signing.passphrase_file), {signing.name});
    if (auto const fit = check_keys(keys, state->database); !fit) return fit;
    publish::Projection projection(disk, dir.metadata(), dir.change_lock());
    publish::Publisher publisher(state->database, projection, [&](v1::Root const& root) { return keys.find(root); });
    if (auto const drawn = publisher.draw(); !drawn) return drawn;
    Result<publish::Change> const change = body(publisher);
    if (!change) return pass_on(change);
    auto const waiting = conclude_change(*state, disk, *change, terminal);
    if (!waiting) return pass_on(waiting);
    auto list = read_delegations(*state, clock());
    if (!list) return pass_on(list);
    if (*waiting) list->set_request((*waiting)->file.string());
    terminal.out << (json ? to_json(*list) : *waiting ? (*waiting)->words : for_people(*list));
    return {};
}

}  // namespace

Status list_delegations(StateDir const& dir, bool json, trust::TimePoint now, Terminal& terminal) {
    auto state = open_state(dir.root());
    if (!state) return pass_on(state);
    auto const list = read_delegations(*state, now);
    if (!list) return pass_on(list);
    terminal.out << (json ? to_json(*list) : for_people(*list));
    return {};
}

Status add_delegation(StateDir const& dir, AddDelegationOptions const& options, bool json, WallClock const& clock,
                      Terminal& terminal) {
    v1::Delegation delegation;
    delegation.set_name(options.name);
    delegation.set_threshold(options.threshold);
    delegation.set_terminating(options.terminating);
    for (auto const& pattern : options.paths) delegation.add_paths(pattern);
    std::vector<v1::Key> keys;
    for (auto const& file : options.keys) {
        auto key = signing::load_public_key_file(file);
        if (!key) return pass_on(key);
        keys.push_back(std::move(*key));
    }
    return change_delegations(
        dir, {options.name, kPublishingRoles, options.passphrase_file}, json, clock, terminal,
        [&](publish::Publisher& publisher) { return publisher.delegate(delegation, keys, clock()); });
}

Status remove_delegation(StateDir const& dir, RemoveDelegationOptions const& options, bool json, WallClock const& clock,
                         Terminal& terminal) {
    return change_delegations(
        dir, {options.name, kPublishingRoles, options.passphrase_file}, json, clock, terminal,
        [&](publish::Publisher& publisher) { return publisher.remove_delegation(options.name, clock()); });
}

// No business of the targets key.
Status renew_delegated(StateDir const& dir, RenewDelegationOptions const& options, bool json, WallClock const& clock,
                       Terminal& terminal) {
    if (options.name == catalogue::kTopLevelRole) {
        return fail(Errc::wrong_usage,
                    "targets is no delegated role: `lanyard-seeder key renew --role targets` renews it");
    }
    return change_delegations(
        dir, {options.name, kServingRoles, options.passphrase_file}, json, clock, terminal,
        [&](publish::Publisher& publisher) { return publisher.renew_targets(clock(), options.name); });
}

}  // namespace lanyard::console
