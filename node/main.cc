// lanyard-node: the commands, each on the objects it needs.

#include <google/protobuf/stubs/logging.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "node/console/errc.h"
#include "node/join.h"
#include "node/node.h"
#include "node/state.h"
#include "proto/events/log.h"

namespace lanyard {
namespace {

using console::NodeConfig;
using console::Options;
using console::StateFiles;
using console::Verb;

// The io_context with a Node on it, until `work` has ended or a signal has been obeyed.
template <class Work>
Status with_node(NodeConfig const& config, StateFiles const& files, events::Events& events, Work work) {
    auto setup = Setup::of(config);
    if (!setup) return pass_on(setup);
    auto database = open_database(files);
    if (!database) return pass_on(database);

    auto passport = enrol::Passport::load(files.root, platform::write_file);
    if (!passport) return pass_on(passport);
    if (!*passport || (*passport)->node_id() != config.id) {
        return fail(console::Errc::not_joined, files.key().string() +
                                                   " is missing, or not the key of the node that "
                                                   "node.toml names: join again into a new state "
                                                   "directory");
    }

    asio::io_context io(1);
    Node node(io, events, config, files, *database, **passport, std::move(*setup));
    asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&](boost::system::error_code const& cancelled, int) {
        if (cancelled) return;
        node.stop();
        // Whoever cannot wait until a walk has come to a safe end presses Ctrl-C again.
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
