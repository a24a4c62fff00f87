#include "seeder/console/state_dir.h"

#include <array>
#include <fstream>
#include <iterator>
#include <set>

#include "seeder/authority/schema.h"
#include "seeder/catalogue/catalogue.h"
#include "seeder/console/errc.h"
#include "seeder/console/requests.h"
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

}  // namespace

Result<store::Database> open_database(StateDir const& dir) {
    std::array<std::string_view, 8> const migrations = {catalogue::catalogue_schema(),
                                                        publish::metadata_schema(),
                                                        fleet::fleet_schema(),
                                                        catalogue::delegated_catalogue_schema(),
                                                        publish::delegated_metadata_schema(),
                                                        authority::authority_schema(),
                                                        fleet::sequence_schema(),
                                                        authority::forgetting_schema()};
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
    auto wanted = *live;
    for (auto& target : requested_targets(state.dir)) wanted.push_back(std::move(target));
    std::set<std::string> kept;
    for (auto const& target : wanted) {
        if (auto const digest = release::Digest::from_raw(target.sha256())) kept.insert(digest->to_hex());
    }
    intake::remove_packages_but(disk, state.dir.packages(), kept);
}

}  // namespace lanyard::console
