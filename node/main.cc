// lanyard-node: wiring only. Objects are built bottom-up and handed to those above them.

#include <google/protobuf/stubs/logging.h>

#include <array>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <deque>
#include <memory>
#include <random>

#include "manifests/store/metadata_store.h"
#include "node/apply/version_directories.h"
#include "node/check/poll_loop.h"
#include "node/console/commands.h"
#include "node/console/desk.h"
#include "node/console/errc.h"
#include "node/console/join.h"
#include "node/console/local_socket.h"
#include "node/drain/command_app_control.h"
#include "node/fetch/seeder_source.h"
#include "node/fetch/swarm_fetcher.h"
#include "node/gate/idle_gate.h"
#include "node/journal/journal_installations.h"
#include "node/journal/sqlite_journal.h"
#include "node/platform/linux_busy_lock.h"
#include "node/platform/linux_durability.h"
#include "node/platform/linux_place.h"
#include "node/platform/linux_port_sensor.h"
#include "node/platform/linux_process_runner.h"
#include "node/platform/linux_state.h"
#include "node/probe/health_prober.h"
#include "node/probe/local_reach.h"
#include "node/report/to_seeder.h"
#include "node/stage/tree_stager.h"
#include "node/update/app_loop.h"
#include "node/update/pipeline.h"
#include "proto/async/disk_pool.h"
#include "proto/async/steady_alarm.h"
#include "proto/events/log.h"

namespace lanyard {
namespace {

using console::NodeConfig;
using console::Options;
using console::StateFiles;
using console::Verb;

trust::TimePoint utc_now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

double random_share() {
    static std::mt19937_64 generator{std::random_device{}()};
    return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

Result<store::Database> open_database(StateFiles const& files) {
    std::array const migrations{store::MetadataStore::schema(), journal::journal_schema()};
    return store::Database::open(files.database(), migrations);
}

swarm::Settings swarm_settings(NodeConfig const& config) {
    swarm::Settings settings;
    settings.listen_address = config.swarm_listen;
    settings.listen_port = config.swarm_port;
    settings.networks = config.networks;
    settings.upload_limit = static_cast<std::int64_t>(config.upload_kib_per_second) * 1024;
    settings.download_limit = static_cast<std::int64_t>(config.download_kib_per_second) * 1024;
    settings.many_peers_per_address = config.many_peers_per_address;
    return settings;
}

Result<gate::Rules> gate_rules(NodeConfig const& config) {
    gate::Rules rules;
    for (auto const& entry : config.apps) {
        if (entry.window.empty()) continue;
        auto const window = gate::Window::parse(entry.window);
        if (!window) return pass_on(window, "window of app " + entry.app.name.text());
        rules.policies.emplace(entry.app.name, gate::Policy{*window});
    }
    // Without a window nobody looks at the wall clock, and a machine without tzdata does as well.
    if (rules.policies.empty()) return rules;
    auto const zone = gate::Zone::here();
    if (!zone) return pass_on(zone);
    rules.zone = *zone;
    return rules;
}

std::vector<check::ManagedApp> managed(NodeConfig const& config) {
    std::vector<check::ManagedApp> apps;
    for (auto const& entry : config.apps) apps.push_back(entry.app);
    return apps;
}

// The tracker hands out the address a node asks from. On a loopback network (tests, a demo without root) that must be
// the one it listens on; elsewhere the system knows best.
std::optional<std::string> source_address(NodeConfig const& config) {
    if (!config.swarm_listen.starts_with("127.")) return std::nullopt;
    return config.swarm_listen;
}

// What is wrong with a configuration beyond its form.
Status check_config(NodeConfig const& config) {
    if (auto const rules = gate_rules(config); !rules) return pass_on(rules);
    return swarm::check_settings(swarm_settings(config));
}

class Node {
public:
    Node(asio::io_context& io, events::Events& events, NodeConfig const& config, StateFiles const& files,
         store::Database& database, gate::Rules rules, http::Url const& seeder_url);

    Status listen() { return local_.listen(files_.socket()); }
    // The daemon's work; returns when stop() has been obeyed.
    asio::awaitable<void> serve();
    // One command without a daemon; the answer of the desk.
    asio::awaitable<v1::LocalResponse> obey(v1::LocalRequest request, console::Desk::Say say);
    void stop();

private:
    // The rooms that each application has of its own.
    struct Care {
        Care(Node& node, check::ManagedApp const& app);

        check::ManagedApp app;
        drain::Downtime downtime;
        drain::CommandAppControl control;
        probe::HealthProber prober;
        update::Pipeline pipeline;
        async::Bell bell;
        update::AppLoop loop;
    };

    Status start_loops();
    void walk_ended();
    asio::awaitable<void> look_again();
    asio::awaitable<void> run_loop(Care& care, std::optional<journal::Attempt> unfinished);
    asio::awaitable<void> drain_outbox();
    asio::awaitable<void> loops_ended();
    std::vector<release::Target> kept();

    asio::io_context& io_;
    events::Events& events_;
    NodeConfig const& config_;
    StateFiles const& files_;

    async::DiskPool disk_;
    async::SteadyAlarm alarm_{io_};       // of the rooms: a walk that has interrupted somebody goes to its end
    async::SteadyAlarm poll_alarm_{io_};  // of the poll loop: ends with stop()
    store::MetadataStore metadata_;
    journal::SqliteJournal journal_;
    journal::Records records_;
    journal::JournalInstallations installations_{records_};

    check::SeederClient seeder_;
    check::Refresher refresher_{seeder_, metadata_};
    check::SeederChecker checker_;
    check::PollTimes times_;
    check::PollLoop poll_;

    swarm::Session session_;
    fetch::SeederSource source_;
    fetch::SwarmFetcher fetcher_;
    stage::TreeStager stager_;
    platform::LinuxBusyLock busy_lock_;
    gate::IdleGate gate_;
    platform::LinuxProcessRunner runner_{io_};
    platform::LinuxPortSensor ports_;
    platform::LinuxPlace place_;
    apply::VersionDirectories applier_{place_};
    probe::LocalReach reach_{io_};

    async::Bell outbox_bell_{io_};
    report::JournalOutbox outbox_{records_};
    report::SeederRecipient recipient_;
    report::OutboxLoop outbox_loop_{outbox_, recipient_, outbox_bell_, events_};

    console::Desk desk_;
    console::LocalServer local_;
    std::deque<Care> cares_;
    async::Bell all_stopped_{io_};
    std::size_t looping_ = 0;
    bool stopping_ = false;
};

Node::Care::Care(Node& node, check::ManagedApp const& managed)
    : app(managed),
      downtime(node.ports_, std::chrono::steady_clock::now),
      control(node.runner_, downtime, node.alarm_, std::chrono::steady_clock::now),
      prober(node.reach_, node.runner_, downtime, node.alarm_, std::chrono::steady_clock::now),
      pipeline({node.fetcher_, node.stager_, node.gate_, control, node.applier_, prober, node.journal_}, downtime,
               node.events_),
      bell(node.io_),
      loop(pipeline, bell, std::chrono::steady_clock::now, update::RetryTimes{},
           [&node](update::Ended) { node.walk_ended(); }) {}

Node::Node(asio::io_context& io, events::Events& events, NodeConfig const& config, StateFiles const& files,
           store::Database& database, gate::Rules rules, http::Url const& seeder_url)
    : io_(io),
      events_(events),
      config_(config),
      files_(files),
      metadata_(database),
      journal_(database, std::chrono::system_clock::now),
      records_(database, std::chrono::system_clock::now),
      seeder_(io, seeder_url, source_address(config)),
      checker_(io, seeder_, refresher_, installations_,
               check::Identity{config.id, config.name, release::Platform::here()}, managed(config), utc_now),
      times_{.interval = config.poll},
      poll_(checker_, poll_alarm_, events, check::Backoff(times_, random_share), times_),
      session_(io, events, swarm_settings(config)),
      source_(io, seeder_, config.id),
      fetcher_({io, session_, source_, alarm_, disk_, events}, files.packages()),
      stager_(io, disk_, platform::make_durable),
      gate_(alarm_, busy_lock_, events, std::move(rules), utc_now),
      recipient_(seeder_, config.id, config.name),
      desk_(io, config, checker_, records_, gate_, events),
      local_(io, events, [this](v1::LocalRequest request, console::Desk::Say say) {
          return desk_.answer(std::move(request), std::move(say));
      }) {
    for (auto const& entry : config.apps) {
        auto& care = cares_.emplace_back(*this, entry.app);
        desk_.care_for({care.app, &care.pipeline, &care.loop});
    }
}

Status Node::start_loops() {
    auto const unfinished = journal_.unfinished();
    if (!unfinished) return pass_on(unfinished);
    auto seeding = fetcher_.seed_kept(kept());
    asio::co_spawn(io_, std::move(seeding), asio::detached);
    for (auto& care : cares_) {
        std::optional<journal::Attempt> mine;
        for (auto const& attempt : *unfinished) {
            if (attempt.offer.target.app == care.app.name) mine = attempt;
        }
        ++looping_;
        auto loop = run_loop(care, std::move(mine));
        asio::co_spawn(io_, std::move(loop), asio::detached);
    }
    auto reporting = outbox_loop_.run();
    asio::co_spawn(io_, std::move(reporting), asio::detached);
    return {};
}

asio::awaitable<void> Node::run_loop(Care& care, std::optional<journal::Attempt> unfinished) {
    co_await care.loop.run(std::move(unfinished));
    --looping_;
    all_stopped_.ring();
}

asio::awaitable<void> Node::loops_ended() {
    while (looping_ > 0) {
        co_await all_stopped_.wait(std::chrono::minutes(1));
    }
    alarm_.cancel();
}

asio::awaitable<void> Node::serve() {
    if (auto const started = start_loops(); !started) {
        events_.error("node.failed", started.error().detail);
        co_return;
    }
    events_.info("node.ready",
                 "keeps " + std::to_string(cares_.size()) + " applications up to date from " + config_.seeder_url);
    auto const on_outcome = [this](check::CheckOutcome const& outcome) { desk_.dispatch(outcome); };
    auto const on_contact = [this](std::string const& failure) {
        desk_.heard(failure, utc_now().time_since_epoch().count());
        if (failure.empty()) outbox_bell_.ring();
    };
    co_await poll_.run(on_outcome, on_contact);
    co_await loops_ended();
    events_.info("node.stopped", "whatever was under way goes on at the next start");
}

asio::awaitable<v1::LocalResponse> Node::obey(v1::LocalRequest request, console::Desk::Say say) {
    // A check installs nothing: nobody walks what it finds.
    if (!request.has_check()) {
        if (auto const started = start_loops(); !started) {
            v1::LocalResponse response;
            response.set_exit_code(static_cast<std::uint32_t>(kind_of(started.error().code)));
            response.set_message(started.error().detail);
            co_return response;
        }
    }
    auto const answer = co_await desk_.answer(std::move(request), std::move(say));
    co_await drain_outbox();
    stop();
    co_await loops_ended();
    co_return answer;
}

// A command gives its report a moment to leave; else it goes with the next start.
asio::awaitable<void> Node::drain_outbox() {
    for (int i = 0; i < 50; ++i) {
        auto const waiting = records_.outbox_count();
        if (stopping_ || !waiting || *waiting == 0) break;
        outbox_bell_.ring();
        co_await alarm_.sleep(std::chrono::milliseconds(100));
    }
}

void Node::walk_ended() {
    desk_.walk_ended();
    outbox_bell_.ring();
    if (stopping_) return;
    auto looking = look_again();
    asio::co_spawn(io_, std::move(looking), asio::detached);
}

// What runs has changed, so the offers are judged again now; if that fails, with the next answer of the seeder.
asio::awaitable<void> Node::look_again() {
    checker_.look_again();
    std::chrono::seconds const at_once(0);
    auto const outcome = co_await checker_.check(at_once);
    if (outcome && !stopping_) desk_.dispatch(*outcome);
}

std::vector<release::Target> Node::kept() {
    std::vector<release::Target> targets;
    for (auto const& care : cares_) {
        auto const installed = records_.installed(care.app.name);
        if (!installed) continue;
        if (installed->current) targets.push_back(*installed->current);
        if (installed->previous) targets.push_back(*installed->previous);
    }
    return targets;
}

void Node::stop() {
    if (stopping_) return;
    stopping_ = true;
    local_.stop();
    poll_.stop();
    gate_.stop();
    fetcher_.stop();
    for (auto& care : cares_) care.loop.stop();
    outbox_loop_.stop();
    all_stopped_.ring();
}

// The io_context with a Node on it, until `work` has ended or a signal has been obeyed.
template <class Work>
Status with_node(NodeConfig const& config, StateFiles const& files, events::Events& events, Work work) {
    auto rules = gate_rules(config);
    if (!rules) return pass_on(rules);
    auto const url = http::Url::parse(config.seeder_url);
    if (!url) return pass_on(url);
    if (auto const fine = swarm::check_settings(swarm_settings(config)); !fine) return fine;
    auto database = open_database(files);
    if (!database) return pass_on(database);

    asio::io_context io(1);
    Node node(io, events, config, files, *database, std::move(*rules), *url);
    asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&](boost::system::error_code const& cancelled, int) {
        if (!cancelled) node.stop();
    });
    Status outcome;
    bool done = false;
    std::exception_ptr broken;
    auto task = work(node, outcome);
    asio::co_spawn(io, std::move(task), [&](std::exception_ptr thrown) {
        done = true;
        broken = thrown;
    });
    while (!done) io.run_one();
    if (broken) std::rethrow_exception(broken);
    // What waits must not find a Node that is gone: it is told, and given the time to end.
    node.stop();
    signals.cancel();
    io.run_for(std::chrono::seconds(3));
    return outcome;
}

asio::awaitable<void> serve(Node& node, Status& outcome) {
    outcome = node.listen();
    if (outcome) co_await node.serve();
}

Result<platform::StateLock> lock_state(StateFiles const& files) {
    auto lock = platform::StateLock::try_take(files.lock());
    if (!lock) return pass_on(lock);
    if (!*lock) {
        return fail(console::Errc::already_running,
                    "another lanyard-node works on " + files.root.string() +
                        ": stop it first, or name another state directory with --state");
    }
    return std::move(**lock);
}

int run(Options const& options, NodeConfig const& config) {
    StateFiles const files(options.state);
    auto const lock = lock_state(files);
    if (!lock) return console::complain(lock.error());
    events::Log log(options.verbose ? events::Level::debug : events::Level::info);
    auto const served = with_node(config, files, log, serve);
    return served ? 0 : console::complain(served.error());
}

// check, update, rollback: by the daemon if there is one, else here.
int order(Options const& options, NodeConfig const& config) {
    StateFiles const files(options.state);
    console::ProgressLine progress;
    auto const request = console::request_of(options);
    auto const answer =
        console::ask_daemon(files.socket(), request, [&](v1::LocalResponse const& now) { progress.show(now); });
    if (answer) return console::show(options, *answer);
    if (answer.error().code != console::Errc::not_running) return console::complain(answer.error());

    auto const lock = lock_state(files);
    if (!lock) return console::complain(lock.error());
    events::Log log(events::Level::warning);
    v1::LocalResponse response;
    auto const obey = [&](Node& node, Status&) -> asio::awaitable<void> {
        return console::keep_answer(node.obey(request, progress.sayer()), response);
    };
    auto const obeyed = with_node(config, files, log, obey);
    return obeyed ? console::show(options, response) : console::complain(obeyed.error());
}

int join(Options const& options) {
    StateFiles const files(options.state);
    std::error_code unreadable;
    if (std::filesystem::exists(files.config(), unreadable)) {
        return console::complain({console::Errc::joined_already,
                                  files.config().string() + " is there already: this node has joined; name another "
                                                            "state directory with --state, or remove this one"});
    }
    auto const config = console::config_from(options, platform::random_hex(16), platform::host_name());
    if (!config) return console::complain(config.error());
    if (auto const fine = check_config(*config); !fine) return console::complain(fine.error());

    asio::io_context io(1);
    check::SeederClient seeder(io, *http::Url::parse(config->seeder_url));
    Result<std::string> root;
    auto fetching = console::keep_answer(console::fetch_first_root(seeder, *config, utc_now()), root);
    asio::co_spawn(io, std::move(fetching), asio::detached);
    io.run();
    if (!root) return console::complain(root.error());

    if (auto const made = platform::prepare_directory(options.state); !made) return console::complain(made.error());
    auto const lock = lock_state(files);
    if (!lock) return console::complain(lock.error());
    auto database = open_database(files);
    if (!database) return console::complain(database.error());
    auto const stored = store::MetadataStore(*database).put_root(1, *root);
    if (!stored) return console::complain(stored.error());
    // Last: with it the node has joined.
    auto const written = platform::write_file(files.config(), config->to_toml());
    if (!written) return console::complain(written.error());
    console::report_joined(options, *config);
    return 0;
}

// status and history need no daemon; a status that one answers knows more.
int look(Options const& options, NodeConfig const& config) {
    StateFiles const files(options.state);
    if (options.verb == Verb::status) {
        auto const answer = console::ask_daemon(files.socket(), console::request_of(options), [](auto const&) {});
        if (answer) return console::show(options, *answer);
        if (answer.error().code != console::Errc::not_running) return console::complain(answer.error());
    }
    auto database = open_database(files);
    if (!database) return console::complain(database.error());
    journal::Records records(*database, std::chrono::system_clock::now);
    if (options.verb == Verb::history) return console::show_history(options, records);
    auto const status = console::status_on_disk(config, records);
    if (!status) return console::complain(status.error());
    v1::LocalResponse response;
    *response.mutable_status() = *status;
    return console::show(options, response);
}

int obey(Options options) {
    std::error_code failed;
    options.state = std::filesystem::absolute(options.state, failed).lexically_normal();
    if (options.verb == Verb::join) return join(options);
    auto const config = NodeConfig::load(StateFiles(options.state).config());
    if (!config) return console::complain(config.error());
    switch (options.verb) {
        case Verb::run:
            return run(options, *config);
        case Verb::status:
        case Verb::history:
            return look(options, *config);
        case Verb::join:
        case Verb::check:
        case Verb::update:
        case Verb::rollback:
            break;
    }
    return order(options, *config);
}

}  // namespace
}  // namespace lanyard

int main(int argc, char** argv) {
    // libprotobuf would print what peers send in its complaints.
    google::protobuf::SetLogHandler(nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    auto const parsed = lanyard::console::parse_command_line(argc, argv);
    if (!parsed.options) return parsed.exit_code;
    return lanyard::obey(*parsed.options);
}
