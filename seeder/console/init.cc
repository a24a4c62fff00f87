#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "manifests/trust/envelope.h"
#include "proto/http/message.h"
#include "seeder/catalogue/catalogue.h"
#include "seeder/console/changes.h"
#include "seeder/console/commands.h"
#include "seeder/console/errc.h"
#include "seeder/console/fleet_ca.h"
#include "seeder/console/init_keys.h"
#include "seeder/console/member_commands.h"
#include "seeder/console/posix_files.h"
#include "seeder/console/qr_code.h"
#include "seeder/console/render.h"
#include "seeder/console/requests.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/manifest_rows.h"
#include "seeder/publish/publisher.h"

namespace lanyard::console {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRepoIdSize = 16;

constexpr char const* kReady = R"(Repository {id} is ready in {state}.

Start it:
  lanyard-seeder serve --state {state}

On the first node, within a day, with the name of an application for APP:
  {join}

Further nodes: lanyard-seeder token new --state {state} --uses N
)";

constexpr char const* kKeepCopies = R"(
Keep a copy of keys/root.pem and keys/targets.pem away from this machine: who has
them decides what nodes install. ca.crt and keys/ca.pem say who may speak: keep
a copy of both.
)";

constexpr char const* kCarryAway = R"(
Carry {} away from this machine, a copy of each key
to its keeper: who has enough of them decides what nodes install. This machine asks
for their signatures, and lanyard-sign gives them. Each keeper writes down the digest
of the first root, by which lanyard-sign knows this repository from any other:
  {}
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
        // Whatever the system has against it: there is no state directory to work with.
        auto const code = kind_of(wrong) == Kind::state ? wrong : std::make_error_code(std::errc::io_error);
        return fail(code, "cannot make the directory '" + folder.string() + "': " + wrong.message() +
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
           name == "seeder.toml.incoming" || name == "requests" || name == "ca.crt" || name == "ca.crt.incoming" ||
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

Status write_config(StateDir const& dir, Config const& config, PosixDisk& disk) {
    auto const scratch = fs::path(dir.config()) += ".incoming";
    if (auto const written = disk.write(scratch, render_config(config)); !written) return written;
    return disk.rename(scratch, dir.config());
}

// The request, when the root has yet to be signed elsewhere.
Result<std::optional<v1::SigningRequest>> found_repository(store::Database& database, StateDir const& dir,
                                                           FoundingKeys const& keys, PosixDisk& disk,
                                                           trust::TimePoint now) {
    publish::Projection projection(disk, dir.metadata(), dir.change_lock());
    publish::Publisher publisher(database, projection, keys.held());
    auto founded = publisher.found(publish::make_first_root(random_repo_id(), keys.roles, now), now);
    if (founded) return std::move(founded->request);
    // By an init that was killed.
    if (founded.error().code != publish::Errc::initialised_already) return pass_on(founded);
    auto const drawn = publisher.draw();
    if (!drawn) return pass_on(drawn);
    return std::optional<v1::SigningRequest>();
}

// With the right of a first node to join.
Result<v1::InitResult> result_of(OpenState& state, authority::CertificateAuthority const& ca, trust::TimePoint now) {
    v1::InitResult result;
    result.set_schema(1);
    auto const repo_id =
        state.database.read([](store::Connection& connection) { return catalogue::Catalogue(connection).repo_id(); });
    if (!repo_id) return pass_on(repo_id);
    auto const digest = root_digest(state.database);
    if (!digest) return pass_on(digest);
    auto const token = make_first_token(state, ca, "init", now);
    if (!token) return pass_on(token);
    result.set_repo_id(to_hex(*repo_id));
    result.set_root_digest(*digest);
    result.set_url(state.config.url);
    result.set_join_line(token->join_line());
    return result;
}

struct Founded {
    v1::InitResult result;
    std::string words;
};

Result<Founded> found(StateDir const& dir, Config const& config, std::vector<KeyPlan> const& plans,
                      InitOptions const& options, trust::TimePoint now) {
    auto const keys = make_keys(plans, dir, options);
    if (!keys) return pass_on(keys);
    auto database = open_database(dir);
    if (!database) return pass_on(database);
    PosixDisk disk;
    auto const request = found_repository(*database, dir, *keys, disk, now);
    if (!request) return pass_on(request);
    auto const ca = open_ca(dir, now);
    if (!ca) return pass_on(ca);
    OpenState state{dir, config, std::move(*database)};
    Founded done;
    if (*request) {
        auto const file = store_request(dir, disk, **request);
        if (!file) return pass_on(file);
        done.result.set_schema(1);
        done.result.set_url(config.url);
        done.result.set_request(file->string());
        done.words = next_steps(signing::Request::from(**request).value(), *file);
    }
    // Last, because it says that all the rest is there.
    if (auto const written = write_config(dir, config, disk); !written) return pass_on(written);
    if (*request) return done;
    auto result = result_of(state, *ca, now);
    if (!result) return pass_on(result);
    bool const carried_away = std::any_of(plans.begin(), plans.end(),
                                          [](KeyPlan const& plan) { return plan.offline && plan.public_keys.empty(); });
    done.result = std::move(*result);
    done.words = fmt::format(kReady, fmt::arg("id", done.result.repo_id()), fmt::arg("state", dir.root().string()),
                             fmt::arg("join", done.result.join_line()));
    done.words += carried_away
                      ? fmt::format(kCarryAway, key_directory(dir, options).string(), done.result.root_digest())
                      : kKeepCopies;
    return done;
}

}  // namespace

Status init(StateDir const& dir, InitOptions const& options, bool json, trust::TimePoint now, Terminal& terminal) {
    auto const config = config_of(options);
    if (!config) return pass_on(config);
    auto const plans = plan_keys(options);
    if (!plans) return pass_on(plans);
    if (auto const free = refuse_existing(dir); !free) return free;
    if (auto const made = make_folders(dir); !made) return made;
    auto const lock = PosixDisk().lock(dir.publish_lock());
    if (!lock) return pass_on(lock);
    // Another init may have been faster.
    if (auto const free = refuse_existing(dir); !free) return free;
    auto const founded = found(dir, *config, *plans, options, now);
    if (!founded) return pass_on(founded);
    terminal.out << (json ? to_json(founded->result) : founded->words);
    if (options.qr && !founded->result.join_line().empty()) return print_qr(founded->result.join_line(), terminal);
    return {};
}

}  // namespace lanyard::console
