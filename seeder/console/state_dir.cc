#include "seeder/console/state_dir.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "seeder/authority/schema.h"
#include "seeder/catalogue/catalogue.h"
#include "seeder/console/errc.h"
#include "seeder/fleet/fleet.h"
#include "seeder/intake/intake.h"
#include "seeder/publish/manifest_rows.h"

namespace lanyard::console {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxConfigBytes = 64 * 1024;

Result<Config> read_config(StateDir const& dir) {
    std::error_code wrong;
    auto const status = fs::status(dir.config(), wrong);
    if (status.type() == fs::file_type::not_found) {
        return fail(Errc::not_initialised, "'" + dir.root().string() +
                                               "' holds no seeder: run `lanyard-seeder init --state " +
                                               dir.root().string() + "` first");
    }
    std::ifstream stream(dir.config(), std::ios::binary);
    std::string text(kMaxConfigBytes + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (stream.bad() || (!stream.is_open())) {
        return fail(Errc::not_initialised, "'" + dir.config().string() +
                                               "' cannot be read: run this as the user that owns the state directory");
    }
    if (text.size() > kMaxConfigBytes) {
        return fail(Errc::malformed_config, dir.config().string() + " is longer than 64 KiB: this is no seeder.toml");
    }
    return parse_config(text, dir.config().string());
}

bool names(v1::Role const& role, signing::Signer const& signer) {
    auto const id = trust::key_id(signer.public_key()).to_raw();
    return std::find(role.keyids().begin(), role.keyids().end(), id) != role.keyids().end();
}

Status load(StateDir const& dir, char const* role, std::unique_ptr<signing::Signer>& place) {
    auto key = signing::load_key_file(dir.key(role));
    if (!key) return pass_on(key);
    place = std::move(*key);
    return {};
}

}  // namespace

Result<store::Database> open_database(StateDir const& dir) {
    std::array<std::string_view, 5> const migrations = {catalogue::catalogue_schema(), publish::metadata_schema(),
                                                        fleet::fleet_schema(), authority::authority_schema(),
                                                        fleet::sequence_schema()};
    auto database = store::Database::open(dir.database(), migrations);
    // An empty one in its place would be another repository.
    if (!database && database.error().code == store::Errc::damaged) {
        return fail(store::Errc::damaged,
                    "'" + dir.database().string() +
                        "' is damaged, or no database of a seeder: restore it from a backup, or move"
                        " the state directory away and run `lanyard-seeder init` again");
    }
    return database;
}

Result<OpenState> open_state(fs::path const& root) {
    StateDir dir(root);
    auto config = read_config(dir);
    if (!config) return pass_on(config);
    std::error_code wrong;
    if (!fs::exists(dir.database(), wrong)) {
        return fail(Errc::not_initialised, "'" + dir.database().string() +
                                               "' is missing: restore it from a backup, or move the state directory"
                                               " away and run `lanyard-seeder init` again");
    }
    auto database = open_database(dir);
    if (!database) return pass_on(database);
    return OpenState{std::move(dir), std::move(*config), std::move(*database)};
}

Result<Keys> load_serving_keys(StateDir const& dir) {
    Keys keys;
    if (auto const loaded = load(dir, "snapshot", keys.snapshot); !loaded) return pass_on(loaded);
    if (auto const loaded = load(dir, "timestamp", keys.timestamp); !loaded) return pass_on(loaded);
    return keys;
}

Result<Keys> load_publishing_keys(StateDir const& dir) {
    auto keys = load_serving_keys(dir);
    if (!keys) return keys;
    if (auto const loaded = load(dir, "targets", keys->targets); !loaded) return pass_on(loaded);
    return keys;
}

Status check_keys(StateDir const& dir, Keys const& keys, store::Database& database) {
    auto const manifest = database.read(publish::read_manifest);
    if (!manifest) return pass_on(manifest);
    auto const set = trust::TrustedSet::from_trusted_root(manifest->roots.back().envelope, trust::TimePoint());
    if (!set) return pass_on(set);
    auto const& root = set->root();
    struct Row {
        char const* name;
        signing::Signer const* signer;
        v1::Role const& role;
    };
    for (auto const& [name, signer, role] :
         {Row{"targets", keys.targets.get(), root.targets()}, Row{"snapshot", keys.snapshot.get(), root.snapshot()},
          Row{"timestamp", keys.timestamp.get(), root.timestamp()}}) {
        if (!signer || names(role, *signer)) continue;
        return fail(Errc::wrong_key, "'" + dir.key(name).string() +
                                         "' is not the key that the root of this repository names: nodes would refuse"
                                         " what it signs; put the right one back from a backup");
    }
    return {};
}

Status check_public(StateDir const& dir) {
    for (auto const& folder : {dir.metadata(), dir.packages()}) {
        std::error_code wrong;
        if (fs::is_directory(folder, wrong)) continue;
        return fail(Errc::not_initialised,
                    "'" + folder.string() + "' is missing: restore the public files from a backup");
    }
    return {};
}

void remove_unpublished(OpenState& state, intake::Disk& disk) {
    auto const live = state.database.read(
        [](store::Connection& connection) { return catalogue::Catalogue(connection).live_targets(); });
    if (!live) return;
    std::set<std::string> kept;
    for (auto const& target : *live) {
        if (auto const digest = release::Digest::from_raw(target.sha256())) kept.insert(digest->to_hex());
    }
    intake::remove_packages_but(disk, state.dir.packages(), kept);
}

}  // namespace lanyard::console
