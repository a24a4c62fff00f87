#include <fmt/format.h>

#include <algorithm>

#include "manifests/signing/errc.h"
#include "seeder/ceremony/key_files.h"
#include "seeder/console/changes.h"
#include "seeder/console/commands.h"
#include "seeder/console/errc.h"
#include "seeder/console/key_folder.h"
#include "seeder/console/render.h"
#include "seeder/console/requests.h"
#include "seeder/console/table.h"
#include "seeder/publish/manifest_rows.h"

namespace lanyard::console {
namespace {

namespace fs = std::filesystem;
using publish::RoleKeys;
using trust::RoleName;

constexpr RoleName kRoles[] = {RoleName::root, RoleName::targets, RoleName::snapshot, RoleName::timestamp};

std::string id_of(v1::Key const& key) { return trust::key_id(key).to_hex(); }

Result<RoleName> parse_role(std::string const& text) {
    for (auto const role : kRoles) {
        if (text == trust::text(role)) return role;
    }
    return fail(Errc::wrong_usage, "--role '" + text + "' is no role: use root, targets, snapshot or timestamp");
}

publish::SignedRole const& of_role(publish::Manifest const& manifest, RoleName role) {
    switch (role) {
        case RoleName::root:
            return manifest.roots.back();
        case RoleName::snapshot:
            return manifest.snapshot;
        case RoleName::timestamp:
            return manifest.timestamp;
        case RoleName::targets:
            break;
    }
    return manifest.targets;
}

v1::RoleKeys describe(RoleKeys const& role, publish::SignedRole const& signed_role, std::vector<KeyFile> const& files,
                      trust::TimePoint now) {
    v1::RoleKeys told;
    told.set_role(trust::text(role.role));
    told.set_threshold(role.threshold);
    told.set_version(signed_role.version);
    told.set_expires(signed_role.expires);
    told.set_days_left(publish::days_left(signed_role.expires, now));
    for (auto const& key : role.keys) {
        auto& info = *told.add_keys();
        info.set_key_id(id_of(key));
        for (auto const& file : files) {
            if (id_of(file.key) == info.key_id()) info.set_file("keys/" + file.path.filename().string());
        }
    }
    return told;
}

Result<v1::KeyList> read_keys(OpenState& state, trust::TimePoint now) {
    auto const manifest = state.database.read(publish::read_manifest);
    if (!manifest) return pass_on(manifest);
    auto const root = publish::root_in(manifest->roots.back());
    if (!root) return pass_on(root);
    auto const files = KeyFolder(state.dir, kAllRoles, {}).list();
    v1::KeyList list;
    list.set_schema(1);
    list.set_root_version(root->version());
    std::set<std::string> named;
    for (auto const role : kRoles) {
        auto const keys = publish::keys_of(*root, role);
        for (auto const& key : keys.keys) named.insert(id_of(key));
        *list.add_roles() = describe(keys, of_role(*manifest, role), files, now);
    }
    for (auto const& file : files) {
        if (!named.contains(id_of(file.key))) list.add_unused("keys/" + file.path.filename().string());
    }
    return list;
}

std::string for_people(v1::KeyList const& list) {
    Table table({"ROLE", "HAVE TO SIGN", "EXPIRES (UTC)", "IN DAYS", "PRIVATE KEY", "KEY"});
    for (auto const& role : list.roles()) {
        bool first = true;
        for (auto const& key : role.keys()) {
            auto const file = key.file().empty() ? "not here" : key.file();
            if (first) {
                table.add({role.role(), fmt::format("{} of {}", role.threshold(), role.keys_size()),
                           human_time(role.expires()), std::to_string(role.days_left()), file, key.key_id()});
            } else {
                table.add({"", "", "", "", file, key.key_id()});
            }
            first = false;
        }
    }
    auto text = table.to_string(kWithKeyIds);
    for (auto const& file : list.unused()) text += "No role names " + file + ": once nothing needs it, destroy it.\n";
    return text;
}

// What a key command works with.
struct KeyDesk {
    OpenState& state;
    PosixDisk& disk;
    KeyFolder& keys;
    v1::Root root;
};

// A key of the role by its id, or the public key of a file.
Result<v1::Key> find_key(std::string const& word, RoleKeys const& role) {
    std::error_code wrong;
    if (fs::exists(word, wrong)) {
        auto const half = signing::public_half(word);
        return signing::load_public_key_file(fs::exists(half, wrong) ? half : fs::path(word));
    }
    std::vector<v1::Key> found;
    for (auto const& key : role.keys) {
        if (word.size() >= 6 && id_of(key).starts_with(word)) found.push_back(key);
    }
    if (found.size() == 1) return found.front();
    return fail(Errc::no_such_file, "--key '" + word + "' is neither a file nor the id of one key of the role " +
                                        trust::text(role.role) + ": `lanyard-seeder key list` shows the ids");
}

// In place of the only key of a role. One that a rotation has made which was killed is taken up again.
Result<v1::Key> fresh_key(KeyDesk& desk, RoleKeys const& role, std::optional<fs::path> const& passphrase_file) {
    std::string const name = trust::text(role.role);
    bool const online = kServingRoles.contains(name);
    auto const files = desk.keys.list();
    bool const here = role.keys.size() == 1 && std::any_of(files.begin(), files.end(), [&](KeyFile const& file) {
                          return id_of(file.key) == id_of(role.keys.front());
                      });
    if (!here && !online) {
        return fail(Errc::wrong_usage, "the role " + name +
                                           " has several keys, or keys that are not on this machine: "
                                           "name every key it shall have with --key (a file of a "
                                           "public key, or the id of one that it keeps)");
    }
    auto const path = desk.state.dir.keys() / fmt::format("{}-{}.pem", name, desk.root.version() + 1);
    std::error_code wrong;
    if (fs::exists(path, wrong)) {
        auto const half = signing::public_half(path);
        return signing::load_public_key_file(fs::exists(half, wrong) ? half : path);
    }
    return ceremony::make_key_file(path, online ? std::nullopt : passphrase_file, false);
}

Result<RoleKeys> rotated(KeyDesk& desk, RotateOptions const& options, std::string const& role_text) {
    auto const role = parse_role(role_text);
    if (!role) return pass_on(role);
    auto const before = publish::keys_of(desk.root, *role);
    RoleKeys after{*role, {}, options.threshold.value_or(before.threshold)};
    for (auto const& word : options.keys) {
        auto key = find_key(word, before);
        if (!key) return pass_on(key);
        after.keys.push_back(std::move(*key));
    }
    if (options.keys.empty() && after.threshold != 1) {
        return fail(Errc::wrong_usage, "the role " + role_text + " would have one key, and " +
                                           std::to_string(after.threshold) +
                                           " have to sign: name every key it shall have with --key");
    }
    if (options.keys.empty()) {
        auto key = fresh_key(desk, before, options.passphrase_file);
        if (!key) return pass_on(key);
        after.keys.push_back(std::move(*key));
    }
    return after;
}

// Opens the state, lets `body` change it, and tells what has come of it.
template <class Body>
Status change_keys(StateDir const& dir, std::optional<fs::path> const& passphrase_file, bool json,
                   WallClock const& clock, Terminal& terminal, Body body) {
    auto state = open_state(dir.root());
    if (!state) return pass_on(state);
    if (auto const there = check_public(dir); !there) return there;
    auto root = newest_root(state->database);
    if (!root) return pass_on(root);
    PosixDisk disk;
    auto const lock = disk.lock(dir.publish_lock());
    if (!lock) return pass_on(lock);
    KeyFolder keys(dir, kAllRoles, ceremony::passphrase_from(passphrase_file));
    publish::Projection projection(disk, dir.metadata(), dir.change_lock());
    publish::Publisher publisher(state->database, projection, [&](v1::Root const& of) { return keys.find(of); });
    if (auto const drawn = publisher.draw(); !drawn) return drawn;
    KeyDesk desk{*state, disk, keys, std::move(*root)};
    Result<publish::Change> const change = body(desk, publisher);
    if (!change) return pass_on(change);
    auto const waiting = conclude_change(*state, disk, *change, terminal);
    if (!waiting) return pass_on(waiting);
    auto list = read_keys(*state, clock());
    if (!list) return pass_on(list);
    if (*waiting) list->set_request((*waiting)->file.string());
    terminal.out << (json ? to_json(*list) : *waiting ? (*waiting)->words : for_people(*list));
    return {};
}

}  // namespace

Status list_keys(StateDir const& dir, bool json, trust::TimePoint now, Terminal& terminal) {
    auto state = open_state(dir.root());
    if (!state) return pass_on(state);
    auto const list = read_keys(*state, now);
    if (!list) return pass_on(list);
    terminal.out << (json ? to_json(*list) : for_people(*list));
    return {};
}

Status generate_key_file(GenerateOptions const& options, bool json, Terminal& terminal) {
    auto const key = ceremony::make_key_file(options.file, options.passphrase_file, options.passphrase);
    if (!key) return pass_on(key);
    v1::KeyInfo info;
    info.set_key_id(id_of(*key));
    info.set_file(options.file.string());
    terminal.out << (json ? to_json(info)
                          : fmt::format("Key {} is in {}; its public half is in {}\n", info.key_id(), info.file(),
                                        signing::public_half(options.file).string()));
    return {};
}

Status rotate_keys(StateDir const& dir, RotateOptions const& options, bool json, WallClock const& clock,
                   Terminal& terminal) {
    if (options.roles.size() > 1 && (!options.keys.empty() || options.threshold)) {
        return fail(Errc::wrong_usage, "--key and --threshold are for one --role: rotate the roles one after another");
    }
    return change_keys(dir, options.passphrase_file, json, clock, terminal,
                       [&](KeyDesk& desk, publish::Publisher& publisher) -> Result<publish::Change> {
                           std::vector<RoleKeys> changes;
                           for (auto const& role : options.roles) {
                               auto change = rotated(desk, options, role);
                               if (!change) return pass_on(change);
                               changes.push_back(std::move(*change));
                           }
                           return publisher.change_keys(changes, clock());
                       });
}

Status revoke_key(StateDir const& dir, RevokeOptions const& options, bool json, WallClock const& clock,
                  Terminal& terminal) {
    auto const role = parse_role(options.role);
    if (!role) return pass_on(role);
    return change_keys(dir, options.passphrase_file, json, clock, terminal,
                       [&](KeyDesk& desk, publish::Publisher& publisher) -> Result<publish::Change> {
                           auto before = publish::keys_of(desk.root, *role);
                           before.threshold = options.threshold.value_or(before.threshold);
                           auto const after = publish::without(std::move(before), options.key);
                           if (!after) return pass_on(after);
                           return publisher.change_keys({*after}, clock());
                       });
}

Status renew_role(StateDir const& dir, RenewOptions const& options, bool json, WallClock const& clock,
                  Terminal& terminal) {
    if (options.role != "root" && options.role != "targets") {
        return fail(Errc::wrong_usage, "--role '" + options.role +
                                           "' is not renewed by hand: use root or targets (serve renews the rest)");
    }
    return change_keys(
        dir, options.passphrase_file, json, clock, terminal, [&](KeyDesk&, publish::Publisher& publisher) {
            return options.role == "root" ? publisher.change_keys({}, clock()) : publisher.renew_targets(clock());
        });
}

}  // namespace lanyard::console
