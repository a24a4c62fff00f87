// lanyard-node: the commands, each on the objects it needs.

#include <google/protobuf/stubs/logging.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>
#include <thread>

#include "node/app_command.h"
#include "node/console/errc.h"
#include "node/console/policy_desk.h"
#include "node/console/verify.h"
#include "node/console/why.h"
#include "node/join.h"
#include "node/node.h"
#include "node/policy_trial.h"
#include "node/recovery.h"
#include "node/state.h"
#include "proto/events/log.h"
#include "proto/http/percent.h"

namespace lanyard {
namespace {

using console::NodeConfig;
using console::Options;
using console::StateFiles;
using console::Verb;

// The io_context with a Node on it, until `work` has ended or a signal has been obeyed.
template <class Work>
Status with_node(NodeConfig config, StateFiles const& files, events::Events& events, Work work) {
    auto recovered = open_or_rebuild(files, config, events);
    if (!recovered) return pass_on(recovered);
    std::erase_if(config.apps, [&](auto const& entry) { return recovered->unknown.contains(entry.app.name); });
    auto setup = Setup::of(config);
    if (!setup) return pass_on(setup);

    auto passport = enrol::Passport::load(files.root, platform::write_file);
    if (!passport) return pass_on(passport);
    if (!*passport || (*passport)->node_id() != config.id) {
        return fail(console::Errc::not_joined, files.key().string() +
                                                   " is missing, or not the key of the node that "
                                                   "node.toml names: join again into a new state "
                                                   "directory");
    }

    asio::io_context io(1);
    Node node(io, events, config, files, recovered->database, **passport, std::move(*setup));
    node.revive(recovered->rebuilt);
    asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&](boost::system::error_code const& cancelled, int) {
        if (cancelled) return;
        node.stop();
        // Whoever cannot wait for the few seconds that this takes presses Ctrl-C again.
        boost::system::error_code ignored;
        signals.remove(SIGINT, ignored);
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
    if (outcome) outcome = co_await node.serve();
}

int run(Options const& options, NodeConfig const& config) {
    StateFiles const files(options.state);
    auto const lock = lock_state(files);
    if (!lock) return console::complain(lock.error());
    events::Log log(options.verbose ? events::Level::debug : events::Level::info);
    auto const served = with_node(config, files, log, serve);
    return served ? 0 : console::complain(served.error());
}

// Whoever holds the state and does not listen is starting, or about to end.
Result<v1::LocalResponse> ask_patiently(StateFiles const& files, v1::LocalRequest const& request,
                                        console::ProgressLine& progress) {
    constexpr int kLooks = 30;
    constexpr std::chrono::milliseconds kLook{100};
    for (int looks = 0;; ++looks) {
        auto answer =
            console::ask_daemon(files.socket(), request, [&](v1::LocalResponse const& now) { progress.show(now); });
        if (answer || answer.error().code != console::Errc::not_running || looks == kLooks) return answer;
        if (auto const lock = lock_state(files); lock || lock.error().code != console::Errc::already_running) {
            return answer;
        }
        std::this_thread::sleep_for(kLook);
    }
}

// check, update, rollback: by the daemon if there is one, else here.
int order(Options const& options, NodeConfig const& config) {
    StateFiles const files(options.state);
    console::ProgressLine progress;
    auto const request = console::request_of(options);
    if (!request) return console::complain(request.error());
    auto const answer = ask_patiently(files, *request, progress);
    if (answer) return console::show(options, *answer);
    if (answer.error().code != console::Errc::not_running) return console::complain(answer.error());

    auto const lock = lock_state(files);
    if (!lock) return console::complain(lock.error());
    events::Log log(events::Level::warning);
    v1::LocalResponse response;
    auto const obey = [&](Node& node, Status&) -> asio::awaitable<void> {
        return console::keep_answer(node.obey(*request, progress.sayer()), response);
    };
    auto const obeyed = with_node(config, files, log, obey);
    return obeyed ? console::show(options, response) : console::complain(obeyed.error());
}

// why, postpone, hold, unhold, update --tonight: a running daemon knows what is on offer; what is decided without one
// stands in the database when it starts.
int decide(Options const& options, NodeConfig const& config) {
    StateFiles const files(options.state);
    auto const request = console::request_of(options);
    if (!request) return console::complain(request.error());
    console::ProgressLine progress;
    auto const answer = ask_patiently(files, *request, progress);
    if (answer) return console::show(options, *answer);
    if (answer.error().code != console::Errc::not_running) return console::complain(answer.error());

    auto database = open_database(files);
    if (!database) return console::complain(database.error());
    auto const rules = console::rules_of(config);
    if (!rules) return console::complain(rules.error());
    v1::LocalResponse response;
    if (options.verb == Verb::why) {
        journal::Records records(*database, std::chrono::system_clock::now);
        auto const why = console::why_on_disk(config, records, options.app);
        if (!why) return console::complain(why.error());
        *response.mutable_why() = *why;
    } else {
        journal::Records records(*database, std::chrono::system_clock::now);
        gate::SqliteMemory memory(*database);
        auto const unknown = [](release::AppId const&) { return gate::Urgency{}; };
        response =
            console::decree(*request, config, *rules, memory, {unknown, console::running_by(records)}, utc_now());
    }
    return console::show(options, response);
}

// status and history need no daemon; a status that one answers knows more.
int look(Options const& options, NodeConfig const& config) {
    StateFiles const files(options.state);
    if (options.verb == Verb::status) {
        auto const answer = console::ask_daemon(files.socket(), *console::request_of(options), [](auto const&) {});
        if (answer) return console::show(options, *answer);
        if (answer.error().code != console::Errc::not_running) return console::complain(answer.error());
    }
    auto database = open_database(files);
    if (!database) return console::complain(database.error());
    journal::Records records(*database, std::chrono::system_clock::now);
    if (options.verb == Verb::history) return console::show_history(options, records);
    auto status = console::status_on_disk(config, records);
    if (!status) return console::complain(status.error());
    if (auto const shown = console::show_interrupted(*status, records); !shown) return console::complain(shown.error());
    v1::LocalResponse response;
    *response.mutable_status() = *status;
    return console::show(options, response);
}

// Asks the seeder from outside any coroutine, one file at a time.
trust::FileSource served_by(asio::io_context& io, check::SeederClient& seeder) {
    return [&](std::string const& name, std::size_t max_bytes) -> Result<std::optional<std::string>> {
        Result<std::string> bytes;
        auto fetching = console::keep_answer(seeder.fetch(http::percent_encode(name), max_bytes), bytes);
        asio::co_spawn(io, std::move(fetching), asio::detached);
        io.restart();
        io.run();
        return console::as_served(std::move(bytes));
    };
}

int verify(Options const& options, NodeConfig const& config) {
    StateFiles const files(options.state);
    auto const setup = Setup::of(config);
    if (!setup) return console::complain(setup.error());
    auto database = open_database(files);
    if (!database) return console::complain(database.error());
    store::MetadataStore metadata(*database);
    journal::Records records(*database, std::chrono::system_clock::now);
    auto const passport = enrol::Passport::load(files.root, platform::write_file);
    if (!passport) return console::complain(passport.error());
    asio::io_context io(1);
    check::SeederClient seeder(io, setup->seeder, source_address(config, setup->seeder), setup->mirrors);
    if (*passport) {
        auto const tls = (*passport)->tls(config.ca_digest.to_raw());
        if (!tls) return console::complain(tls.error());
        seeder.use_tls(*tls);
    }
    console::Verifier verifier(config, files, metadata, records, served_by(io, seeder), utc_now());
    auto const found = verifier.verify(options.app, options.file);
    return found ? console::show(options, *found) : console::complain(found.error());
}

int obey(Options options) {
    std::error_code failed;
    options.state = std::filesystem::absolute(options.state, failed).lexically_normal();
    if (options.verb == Verb::join) return join(options);
    if (options.verb == Verb::policy_test) return policy_test(options);
    if (is_app_command(options.verb)) return app_command(options);
    auto const config = NodeConfig::load(StateFiles(options.state).config());
    if (!config) return console::complain(config.error());
    switch (options.verb) {
        case Verb::run:
            return run(options, *config);
        case Verb::status:
        case Verb::history:
            return look(options, *config);
        case Verb::verify:
            return verify(options, *config);
        case Verb::why:
        case Verb::postpone:
        case Verb::hold:
        case Verb::unhold:
            return decide(options, *config);
        case Verb::policy_explain:
            return policy_explain(options, *config);
        case Verb::update:
            if (options.tonight) return decide(options, *config);
            break;
        case Verb::join:
        case Verb::check:
        case Verb::rollback:
        case Verb::policy_test:
        case Verb::app_busy:
        case Verb::app_idle:
        case Verb::app_run:
        case Verb::app_attend:
        case Verb::app_exec:
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
    try {
        auto const parsed = lanyard::console::parse_command_line(argc, argv);
        if (!parsed.options) return parsed.exit_code;
        return lanyard::obey(*parsed.options);
    } catch (std::exception const& bug) {
        std::cerr << "lanyard-node: internal failure: " << bug.what() << "; please report this\n";
        return static_cast<int>(lanyard::Kind::internal);
    }
}
