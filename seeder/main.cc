#include <csignal>
#include <exception>
#include <iostream>

#include "proto/async/asio.h"

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>
#include <boost/asio/signal_set.hpp>

#include "proto/async/disk_pool.h"
#include "proto/async/steady_alarm.h"
#include "proto/events/log.h"
#include "proto/swarm/session.h"
#include "seeder/announce/front.h"
#include "seeder/announce/recorder.h"
#include "seeder/console/admin_desk.h"
#include "seeder/console/commands.h"
#include "seeder/console/errc.h"
#include "seeder/console/fleet_ca.h"
#include "seeder/console/gatekeeper.h"
#include "seeder/console/invocation.h"
#include "seeder/console/key_folder.h"
#include "seeder/console/member_commands.h"
#include "seeder/console/offered_releases.h"
#include "seeder/console/orders.h"
#include "seeder/console/posix_files.h"
#include "seeder/console/publicity.h"
#include "seeder/console/remote.h"
#include "seeder/console/server_identity.h"
#include "seeder/console/serving.h"
#include "seeder/console/state_dir.h"
#include "seeder/fleet/fleet.h"
#include "seeder/tracker/tracker.h"

namespace lanyard {
namespace {

trust::TimePoint now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

swarm::Settings swarm_settings(console::Config const& config) {
    swarm::Settings settings;
    settings.part = swarm::Part::seeder;
    settings.listen_address = config.listen;
    settings.listen_port = config.swarm_port;
    settings.networks = config.networks;
    settings.upload_limit = std::int64_t{1024} * config.upload_kib_per_second;
    settings.many_peers_per_address = config.many_peers_per_address;
    return settings;
}

Result<intake::Disk::Lock> lock_for_serving(console::StateDir const& dir) {
    auto lock = console::try_lock(dir.serve_lock());
    if (lock && !*lock) {
        return fail(console::Errc::serving_already, "another `lanyard-seeder serve` uses '" + dir.root().string() +
                                                        "' already: stop that one first, or choose another --state");
    }
    return lock;
}

// The group that seeder.toml names may speak there, too; who may do what is for the desk to know.
Status listen_locally(announce::Front& front, console::StateDir const& dir, console::Config const& config) {
    constexpr unsigned kOwnerAndGroup = 0660;
    if (auto const listening = front.listen_local(dir.socket(), kOwnerAndGroup); !listening) return listening;
    return config.operators_group.empty() ? Status() : console::give_to_group(dir.socket(), config.operators_group);
}

struct Finishing {
    async::DiskPool& pool;
    ~Finishing() { pool.finish(); }
};

Status serve(console::StateDir const& dir) {
    auto state = console::open_state(dir.root());
    if (!state) return pass_on(state);
    auto const lock = lock_for_serving(dir);
    if (!lock) return pass_on(lock);
    console::KeyFolder keys(dir, console::kServingRoles, {});
    if (auto const fit = console::check_keys(keys, state->database); !fit) return fit;
    if (auto const there = console::check_public(dir); !there) return there;
    auto fleet_database = console::open_database(dir);
    if (!fleet_database) return pass_on(fleet_database);
    auto members_database = console::open_database(dir);
    if (!members_database) return pass_on(members_database);
    auto const ca = console::open_ca(dir, now());
    if (!ca) return pass_on(ca);
    auto const& config = state->config;
    auto const open_files = console::raise_open_files();

    events::Log events(events::Level::info);
    console::PosixDisk disk;
    publish::Projection projection(disk, dir.metadata(), dir.change_lock());
    publish::Publisher publisher(state->database, projection, [&](v1::Root const& root) { return keys.find(root); });
    fleet::Fleet fleet(*fleet_database);

    asio::io_context io;
    async::DiskPool pool;
    async::SteadyAlarm alarm(io);
    async::SteadyAlarm identity_alarm(io);
    swarm::Session session(io, events, swarm_settings(config));
    auto const swarm_port = session.listen_port();
    if (!swarm_port) return pass_on(swarm_port);
    tracker::Tracker tracker;
    announce::Recorder recorder(io, events, pool, fleet, now);
    console::OfferedReleases offered;
    auto welcome = http::Networks::parse(config.auto_accept);
    if (!welcome) return pass_on(welcome);
    console::Gatekeeper gatekeeper(io, events, pool, *members_database, *ca, std::move(*welcome), now);
    if (auto const begun = gatekeeper.begin(); !begun) return begun;
    console::AdminDesk admin(io, pool, gatekeeper, dir, config.operators_group, now);
    announce::FrontSettings settings;
    settings.admin = [&admin](http::Request request) { return admin.answer(std::move(request)); };
    settings.is_operator = [&gatekeeper](http::Caller const& caller) {
        return gatekeeper.operator_of(caller).has_value();
    };
    settings.public_dir = dir.metadata().parent_path();
    settings.swarm_port = *swarm_port;
    settings.limits = announce::limits_for(open_files);
    auto shared_addresses = http::Networks::parse(config.shared_addresses);
    if (!shared_addresses) return pass_on(shared_addresses);
    settings.limits.shared_addresses = std::move(*shared_addresses);
    announce::Front front(io, events, offered, tracker, recorder, gatekeeper, settings);
    gatekeeper.when_lost([&front] { front.admission_changed(); });
    console::ServerIdentity identity(*ca, config, identity_alarm, events, now,
                                     [&front](http::ServerTls const& tls) { return front.use_tls(tls); });
    if (auto const shown = identity.begin(); !shown) return shown;
    if (auto const listening = front.listen(config.listen, config.port); !listening) return listening;
    if (auto const listening = listen_locally(front, dir, config); !listening) return listening;
    console::Publicity publicity(session, tracker, offered, front);
    console::Serving serving(state->database, publisher, dir.packages(), pool, alarm, events, publicity, now);
    if (auto const begun = serving.begin(); !begun) return begun;

    // Also when a bug ends it: what tasks on the pool use goes before the pool.
    Finishing const finishing{pool};
    asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&](boost::system::error_code, int) { io.stop(); });
    auto const rethrow = [](std::exception_ptr bug) {
        if (bug) std::rethrow_exception(bug);
    };
    asio::co_spawn(io, serving.run(), rethrow);
    asio::co_spawn(io, gatekeeper.run(), rethrow);
    asio::co_spawn(io, identity.run(), rethrow);
    recorder.start();
    events.info("seeder.ready", fmt::format("{}, listening on {} port {}, peers on port {}, revision {}", config.url,
                                            config.listen, front.port(), *swarm_port, offered.revision()));
    io.run();

    // Whoever has given an order hears what became of it.
    constexpr std::chrono::seconds kAnswers{5};
    auto const until = std::chrono::steady_clock::now() + kAnswers;
    admin.stop();
    io.restart();
    while (!admin.idle() && io.run_one_until(until) > 0) {
    }

    // What is under way gets a moment to end: reports that have come in are written.
    constexpr std::chrono::milliseconds kFarewell{1500};
    serving.stop();
    identity.stop();
    front.stop();
    gatekeeper.stop();
    recorder.stop();
    io.restart();
    io.run_for(kFarewell);
    pool.finish();
    events.info("seeder.stopped", "asked to by a signal");
    return {};
}

std::string joined(std::vector<std::string> const& words) {
    std::string line;
    for (auto const& word : words) line += (line.empty() ? "" : ", ") + word;
    return line;
}

Status carry_out(console::Invocation const& invocation, console::Terminal& terminal) {
    console::StateDir const dir(invocation.state);
    auto const json = invocation.json;
    auto const& command = invocation.command;
    auto const noted = [&](std::string const& what, Status const& outcome) {
        console::note_order(dir, console::local_actor(), what, outcome, now(), terminal);
        return outcome;
    };
    if (auto const* request = std::get_if<v1::AdminRequest>(&command)) {
        return console::obey(dir, *request, console::local_actor(), now, terminal);
    }
    if (auto const* options = std::get_if<console::OperatorOptions>(&command)) {
        return console::operator_command(dir, *options, json, now(), terminal);
    }
    if (auto const* options = std::get_if<console::InitOptions>(&command)) {
        return console::init(dir, *options, json, now(), terminal);
    }
    if (auto const* options = std::get_if<console::PublishOptions>(&command)) {
        auto const what = console::publish_in_words(options->app, options->version, options->role);
        return noted(what, console::publish_release(dir, *options, json, now, terminal));
    }
    if (auto const* options = std::get_if<console::ListOptions>(&command)) {
        return console::list_releases(dir, *options, json, terminal);
    }
    if (auto const* options = std::get_if<console::ShowOptions>(&command)) {
        return console::show_release(dir, *options, json, terminal);
    }
    if (auto const* options = std::get_if<console::WithdrawOptions>(&command)) {
        auto const what = "withdraw " + options->app + " " + options->version;
        return noted(what, console::withdraw_release(dir, *options, json, now, terminal));
    }
    if (std::holds_alternative<console::ListKeysOptions>(command))
        return console::list_keys(dir, json, now(), terminal);
    if (auto const* options = std::get_if<console::GenerateOptions>(&command)) {
        return console::generate_key_file(*options, json, terminal);
    }
    if (auto const* options = std::get_if<console::RotateOptions>(&command)) {
        auto const what = "rotate the keys of " + joined(options->roles);
        return noted(what, console::rotate_keys(dir, *options, json, now, terminal));
    }
    if (auto const* options = std::get_if<console::RevokeOptions>(&command)) {
        auto const what = "revoke key " + options->key + " of " + options->role;
        return noted(what, console::revoke_key(dir, *options, json, now, terminal));
    }
    if (auto const* options = std::get_if<console::RenewOptions>(&command)) {
        return noted("renew " + options->role, console::renew_role(dir, *options, json, now, terminal));
    }
    if (auto const* options = std::get_if<console::ImportOptions>(&command)) {
        std::vector<std::string> names;
        for (auto const& file : options->files) names.push_back(file.filename().string());
        return noted("import " + joined(names), console::import_signed(dir, *options, json, now, terminal));
    }
    if (auto const* options = std::get_if<console::AddDelegationOptions>(&command)) {
        auto const what = "delegate " + joined(options->paths) + " to " + options->name;
        return noted(what, console::add_delegation(dir, *options, json, now, terminal));
    }
    if (auto const* options = std::get_if<console::RemoveDelegationOptions>(&command)) {
        auto const what = "remove the delegation to " + options->name;
        return noted(what, console::remove_delegation(dir, *options, json, now, terminal));
    }
    if (auto const* options = std::get_if<console::RenewDelegationOptions>(&command)) {
        auto const what = "renew delegated role " + options->name;
        return noted(what, console::renew_delegated(dir, *options, json, now, terminal));
    }
    if (std::holds_alternative<console::ListDelegationsOptions>(command)) {
        return console::list_delegations(dir, json, now(), terminal);
    }
    if (auto const* options = std::get_if<console::VerifyOptions>(&command)) {
        return console::verify_release(dir, *options, json, now(), terminal);
    }
    if (std::holds_alternative<console::ServeOptions>(command)) return serve(dir);
    return console::show_status(dir, json, now(), terminal);
}

int run(int argc, char const* const* argv) {
    // It would write to stderr by itself, past the log, what a peer has made it say.
    google::protobuf::SetLogHandler(nullptr);
    console::Terminal terminal{std::cout, std::cerr, console::stderr_is_terminal()};
    auto const parsed = console::parse_command_line(argc, argv);
    if (!parsed) return console::conclude(pass_on(parsed), terminal);
    if (auto const* help = std::get_if<console::Help>(&*parsed)) {
        std::cout << help->text;
        return 0;
    }
    auto const& invocation = std::get<console::Invocation>(*parsed);
    if (invocation.remote.empty()) return console::conclude(carry_out(invocation, terminal), terminal);
    auto const exit_code = console::run_remote(invocation, terminal);
    return exit_code ? *exit_code : console::conclude(pass_on(exit_code), terminal);
}

}  // namespace
}  // namespace lanyard

int main(int argc, char** argv) {
    try {
        return lanyard::run(argc, argv);
    } catch (std::exception const& bug) {
        std::cerr << "lanyard-seeder: internal failure: " << bug.what() << "; please report this\n";
        return static_cast<int>(lanyard::Kind::internal);
    }
}
