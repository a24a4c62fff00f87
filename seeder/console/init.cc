#include <fmt/format.h>

#include <filesystem>
#include <random>

#include "manifests/trust/envelope.h"
#include "proto/http/message.h"
#include "seeder/catalogue/catalogue.h"
#include "seeder/console/commands.h"
#include "seeder/console/errc.h"
#include "seeder/console/fleet_ca.h"
#include "seeder/console/member_commands.h"
#include "seeder/console/posix_files.h"
#include "seeder/console/qr_code.h"
#include "seeder/console/render.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/manifest_rows.h"
#include "seeder/publish/publisher.h"

namespace lanyard::console {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRepoIdSize = 16;
constexpr std::chrono::days kFirstToken{1};

constexpr char const* kReady = R"(Repository {id} is ready in {state}.

Start it:
  lanyard-seeder serve --state {state}

On the first node, within a day, with the name of an application for APP:
  {join}

Further nodes: lanyard-seeder token new --state {state} --uses N

Keep a copy of keys/root.pem and keys/targets.pem away from this machine: who has
them decides what nodes install. ca.crt and keys/ca.pem say who may speak: keep
a copy of both.
)";

std::string random_repo_id() {
    std::random_device device;
    std::uniform_int_distribution<int> byte(0, 255);
    std::string id(kRepoIdSize, '\0');
    for (auto& c : id) c = static_cast<char>(byte(device));
    return id;
}

// The mode of what is there already is its owner's business.
Status make_folder(fs::path const& folder, fs::perms mode) {
    std::error_code wrong;
    bool const there = fs::exists(folder, wrong);
    fs::create_directories(folder, wrong);
    if (!wrong && !there) fs::permissions(folder, mode, wrong);
    if (wrong) {
        return fail(wrong, "cannot make the directory '" + folder.string() + "': " + wrong.message() +
                               "; choose a --state that this user may write");
    }
    return {};
}

Status make_folders(StateDir const& dir) {
    auto const own = fs::perms::owner_all;
    auto const all =
        own | fs::perms::group_read | fs::perms::group_exec | fs::perms::others_read | fs::perms::others_exec;
    if (auto const made = make_folder(dir.root(), all); !made) return made;
    if (auto const made = make_folder(dir.keys(), own); !made) return made;
    if (auto const made = make_folder(dir.metadata().parent_path(), all); !made) return made;
    if (auto const made = make_folder(dir.metadata(), all); !made) return made;
    return make_folder(dir.packages(), all);
}

// An init that was killed has left keys behind, and perhaps a root that names them.
Status make_or_load(StateDir const& dir, char const* role, std::unique_ptr<signing::Signer>& place) {
    std::error_code wrong;
    auto key = fs::exists(dir.key(role), wrong) ? signing::load_key_file(dir.key(role))
                                                : signing::generate_key_file(dir.key(role), write_new_private_file);
    if (!key) return pass_on(key);
    place = std::move(*key);
    return {};
}

Result<Keys> make_or_load_keys(StateDir const& dir) {
    Keys keys;
    if (auto const made = make_or_load(dir, "root", keys.root); !made) return pass_on(made);
    if (auto const made = make_or_load(dir, "targets", keys.targets); !made) return pass_on(made);
    if (auto const made = make_or_load(dir, "snapshot", keys.snapshot); !made) return pass_on(made);
    if (auto const made = make_or_load(dir, "timestamp", keys.timestamp); !made) return pass_on(made);
    return keys;
}

Result<Config> config_of(InitOptions const& options) {
    Config config;
    config.url = options.url.value_or("https://" + host_name() + ":" + std::to_string(options.port));
    config.listen = options.listen;
    config.port = options.port;
    config.swarm_port = options.swarm_port;
    config.expect_nodes = options.expect_nodes;
    if (auto const fine = check_config(config); !fine) return pass_on(fine);
    config.url = http::Url::parse(config.url)->to_string();
    return config;
}

// What an init that was killed may have left, and what a new disk holds.
bool is_ours(std::string const& name) {
    return name == "keys" || name == "public" || name == "lock" || name == "publish.lock" ||
           name == "seeder.toml.incoming" || name == "ca.crt" || name == "ca.crt.incoming" ||
           name.starts_with("seeder.db") || name == "lost+found";
}

Status refuse_foreign(StateDir const& dir) {
    std::error_code wrong;
    for (auto const& entry : fs::directory_iterator(dir.root(), wrong)) {
        auto const name = entry.path().filename().string();
        if (is_ours(name)) continue;
        return fail(Errc::initialised_already, "'" + dir.root().string() + "' holds '" + name +
                                                   "', which is no seeder's: name a --state that is empty or does not"
                                                   " exist yet");
    }
    return {};
}

Status refuse_existing(StateDir const& dir) {
    std::error_code wrong;
    if (!fs::exists(dir.config(), wrong)) return refuse_foreign(dir);
    return fail(Errc::initialised_already, "'" + dir.root().string() +
                                               "' holds a seeder already: its keys are never replaced; choose another"
                                               " --state, or use this one as it is");
}

Result<v1::InitResult> describe(OpenState& state, v1::TokenResult const& token) {
    return state.database.read([&](store::Connection& connection) -> Result<v1::InitResult> {
        auto const repo_id = catalogue::Catalogue(connection).repo_id();
        if (!repo_id) return pass_on(repo_id);
        auto const manifest = publish::read_manifest(connection);
        if (!manifest) return pass_on(manifest);
        v1::InitResult result;
        result.set_schema(1);
        result.set_repo_id(to_hex(*repo_id));
        result.set_root_digest("sha256:" + trust::sha256(manifest->roots.front().envelope).to_hex());
        result.set_url(state.config.url);
        result.set_join_line(token.join_line());
        return result;
    });
}

Result<v1::InitResult> found_repository(StateDir const& dir, Config const& config, trust::TimePoint now) {
    auto const keys = make_or_load_keys(dir);
    if (!keys) return pass_on(keys);
    auto database = open_database(dir);
    if (!database) return pass_on(database);
    PosixDisk disk;
    publish::Projection projection(disk, dir.metadata(), dir.change_lock());
    publish::Publisher publisher(*database, projection, keys->signers());
    auto founded = publisher.found(random_repo_id(), now);
    if (!founded && founded.error().code == publish::Errc::initialised_already) founded = publisher.draw();
    if (!founded) return pass_on(founded);

    auto const ca = open_ca(dir, now);
    if (!ca) return pass_on(ca);

    // Last, because it says that all the rest is there.
    auto const scratch = fs::path(dir.config()) += ".incoming";
    if (auto const written = disk.write(scratch, render_config(config)); !written) return pass_on(written);
    if (auto const named = disk.rename(scratch, dir.config()); !named) return pass_on(named);

    OpenState state{dir, config, std::move(*database)};
    v1::NewToken first;
    first.set_uses(1);
    first.set_valid_seconds(std::chrono::seconds(kFirstToken).count());
    auto const token = make_token(state, *ca, first, "init", now);
    if (!token) return pass_on(token);
    return describe(state, *token);
}

}  // namespace

Status init(StateDir const& dir, InitOptions const& options, bool json, trust::TimePoint now, Terminal& terminal) {
    auto const config = config_of(options);
    if (!config) return pass_on(config);
    if (auto const free = refuse_existing(dir); !free) return free;
    if (auto const made = make_folders(dir); !made) return made;
    auto const lock = PosixDisk().lock(dir.publish_lock());
    if (!lock) return pass_on(lock);
    // Another init may have been faster.
    if (auto const free = refuse_existing(dir); !free) return free;
    auto const result = found_repository(dir, *config, now);
    if (!result) return pass_on(result);
    if (json) {
        terminal.out << to_json(*result);
        return {};
    }
    terminal.out << fmt::format(kReady, fmt::arg("id", result->repo_id()), fmt::arg("state", dir.root().string()),
                                fmt::arg("join", result->join_line()));
    if (options.qr) return print_qr(result->join_line(), terminal);
    return {};
}

}  // namespace lanyard::console
