#include "node/console/options.h"

#include <CLI/CLI.hpp>

namespace lanyard::console {
namespace {

constexpr char const* kExamples = R"(Examples:
  lanyard-node join --seeder https://seeder:8430 --root-digest sha256:... --token ... --app myapp=/opt/myapp
  lanyard-node run
  lanyard-node status
  lanyard-node update --now

Exit codes: 0 done, 1 internal failure, 2 wrong usage, 3 not found, 4 conflict, 5 state directory, 6 network,
7 trust, 8 the update ended without the new release running.)";

// A command that is misspelt is left over, and CLI11 says only that there is none.
std::string complaint(CLI::App const& program, CLI::ParseError const& error) {
    auto const left_over = program.remaining(true);
    if (!program.get_subcommands().empty() || left_over.empty()) return error.what();
    auto const& word = left_over.front();
    return "'" + word + "' is no " + (word.starts_with('-') ? "option" : "command") + " of lanyard-node";
}

// What a person looks for first comes first: the examples.
class ExamplesFirst final : public CLI::Formatter {
public:
    std::string make_help(CLI::App const* app, std::string name, CLI::AppFormatMode mode) const override {
        if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
        return app->get_description() + "\n\n" + app->get_footer() + "\n\n" + make_usage(app, name) +
               make_positionals(app) + make_groups(app, mode) + make_subcommands(app, mode);
    }
};

void common(CLI::App& command, Options& options) {
    command.add_option("--state", options.state, "the node's state directory")->capture_default_str();
    command.add_flag("--json", options.json, "one JSON document on stdout");
}

void add_join(CLI::App& program, Options& options) {
    auto* join = program.add_subcommand("join", "trust a seeder and say which applications it keeps up to date");
    join->footer(R"(Examples:
  lanyard-node join --seeder https://seeder:8430 --root-digest sha256:4f2a... --token ahk3... --app myapp
  lanyard-node join --seeder https://10.0.0.5:8430 --root-digest sha256:4f2a... --token ahk3... \
      --app myapp@beta=/opt/myapp --window 22:00-05:00
  lanyard-node join --seeder https://seeder:8430 --root-digest sha256:4f2a... --ca-digest sha256:77b0... --no-wait)");
    common(*join, options);
    join->add_option("--seeder", options.seeder, "URL of the seeder, https://host:port")->required();
    join->add_option("--root-digest", options.root_digest, "sha256:<64 hex digits>, printed by lanyard-seeder init")
        ->required();
    auto* token = join->add_option("--token", options.token, "printed by lanyard-seeder init or token new");
    join->add_option("--ca-digest", options.ca_digest,
                     "instead of a token: sha256:<64 hex digits> of the fleet CA's certificate; an operator accepts "
                     "this node")
        ->excludes(token);
    join->add_flag("--no-wait", options.no_wait, "return while the node waits to be accepted; run goes on with it");
    join->add_option("--app", options.apps, "an application to keep up to date: NAME[@CHANNEL][=DIR]; may be repeated");
    join->add_option("--name", options.name, "name of this node for people (default: the host name)");
    join->add_option("--swarm-listen", options.swarm_listen, "IP address to accept peers on (default 0.0.0.0)");
    join->add_option("--swarm-port", options.swarm_port, "TCP port to accept peers on (default 8431)");
    join->add_option("--network", options.networks,
                     "CIDR of peers to talk to; may be repeated (default: the private IPv4 ranges)");
    join->add_option("--window", options.window, "HH:MM-HH:MM local time in which updates may interrupt");
    join->add_option("--poll-seconds", options.poll_seconds, "between questions when the seeder does not hold them");
    join->add_flag("--many-peers-per-address", options.many_peers_per_address,
                   "several nodes share one address (same host, NAT)");
}

void add_others(CLI::App& program, Options& options) {
    auto* run = program.add_subcommand("run", "keep the applications up to date until stopped (SIGINT, SIGTERM)");
    run->footer("Examples:\n  lanyard-node run\n  lanyard-node run --state /srv/node --verbose");
    common(*run, options);
    run->add_flag("-v,--verbose", options.verbose, "debug events too");

    auto* status = program.add_subcommand("status", "what runs, what is under way, and why it waits");
    status->footer("Examples:\n  lanyard-node status\n  lanyard-node status --json");
    common(*status, options);

    auto* check = program.add_subcommand("check", "ask the seeder now; installs nothing");
    check->footer("Examples:\n  lanyard-node check\n  lanyard-node check --json");
    common(*check, options);

    auto* update = program.add_subcommand("update", "ask the seeder now, install, and return when it is done");
    update->footer(
        "Examples:\n  lanyard-node update --now\n  lanyard-node update --now --app myapp\n"
        "  lanyard-node update --tonight\n  lanyard-node update --dry-run");
    common(*update, options);
    update->add_option("--app", options.app, "only this application");
    auto* now = update->add_flag("--now", options.now, "do not wait for the gate: I agree to be interrupted");
    auto* tonight = update->add_flag("--tonight", options.tonight, "not now, but in the coming night: 22:00 to 06:00");
    auto* dry_run = update->add_flag("--dry-run", options.dry_run, "only say what would be done, and why");
    now->excludes(tonight, dry_run);
    tonight->excludes(dry_run);

    auto* history = program.add_subcommand("history", "attempts that have ended, newest first");
    history->footer("Examples:\n  lanyard-node history\n  lanyard-node history --limit 5 --json");
    common(*history, options);
    history->add_option("--limit", options.limit, "how many")->check(CLI::Range(1, 1000))->capture_default_str();

    auto* rollback =
        program.add_subcommand("rollback", "back to the kept previous release; the one left is not tried again");
    rollback->footer("Examples:\n  lanyard-node rollback\n  lanyard-node rollback --app myapp");
    common(*rollback, options);
    rollback->add_option("--app", options.app, "which application; may be left out when there is only one");
}

void add_verify(CLI::App& program, Options& options) {
    auto* verify = program.add_subcommand(
        "verify", "explain step by step why the manifest and what is installed are believed, or not");
    verify->footer(R"(Examples:
  lanyard-node verify
  lanyard-node verify --app myapp --json
  lanyard-node verify --file myapp-1.2.0.tar.zst

One line a step: ok, refused or unknown, and why. Exit code 7 when something does not hold.)");
    common(*verify, options);
    verify->add_option("--app", options.app, "only this application");
    verify->add_option("--file", options.file, "a package, from wherever it came: does the manifest name it?");
}

void add_decisions(CLI::App& program, Options& options) {
    auto* why = program.add_subcommand("why", "why an application is updated or not, and what must change");
    why->footer("Examples:\n  lanyard-node why\n  lanyard-node why myapp\n  lanyard-node why --json");
    common(*why, options);
    why->add_option("APP", options.app, "only this application");

    auto* postpone =
        program.add_subcommand("postpone", "not now: later; a limited number of times, never past the deadline");
    postpone->footer("Examples:\n  lanyard-node postpone 2h\n  lanyard-node postpone 90m myapp");
    common(*postpone, options);
    postpone->add_option("SPAN", options.span, "how long: 30m, 2h, 1h30m")->required();
    postpone->add_option("APP", options.app, "only this application");

    auto* hold = program.add_subcommand("hold", "for operators: no update at all until unhold, or the hold is over");
    hold->footer("Examples:\n  lanyard-node hold\n  lanyard-node hold myapp --for 14d");
    common(*hold, options);
    options.span = "7d";
    hold->add_option("APP", options.app, "only this application");
    hold->add_option("--for", options.span, "how long, at most 30d (default 7d)");

    auto* unhold = program.add_subcommand("unhold", "ends a hold");
    unhold->footer("Examples:\n  lanyard-node unhold\n  lanyard-node unhold myapp");
    common(*unhold, options);
    unhold->add_option("APP", options.app, "only this application");
}

void add_policy(CLI::App& program, Options& options) {
    auto* policy = program.add_subcommand("policy", "try out when the policy of node.toml lets an update through");
    policy->footer(
        "Examples:\n  lanyard-node policy explain\n"
        "  lanyard-node policy test --at \"2026-10-25 02:30\" --with facts.toml");
    policy->require_subcommand(1);
    auto* explain = policy->add_subcommand("explain", "asks the policy now, with what the sensors say now");
    explain->footer("Examples:\n  lanyard-node policy explain\n  lanyard-node policy explain myapp --json");
    common(*explain, options);
    explain->add_option("APP", options.app, "only this application");
    auto* test = policy->add_subcommand("test", "asks the policy at another time, with facts from a file");
    test->footer(
        "Examples:\n  lanyard-node policy test --at \"2026-10-25 02:30\" --with facts.toml\n"
        "  lanyard-node policy test --with facts.toml myapp --json");
    common(*test, options);
    test->add_option("--at", options.at, "local time, \"2026-10-25 02:30\"; with Z at its end UTC (default: now)");
    test->add_option("--with", options.facts, "TOML file of facts (docs/reference/cli.md)")->required();
    test->add_option("APP", options.app, "whose policy; may be left out when there is only one");
}

void of_app(CLI::App& command, Options& options) {
    command.add_option("--dir", options.directory,
                       "the application's directory, the one that holds `current` (default: what LANYARD_DIR names)");
}

void of_process(CLI::App& command, Options& options) {
    of_app(command, options);
    command.add_option("--pid", options.pid, "the process that it is about (default: the one that runs this)");
}

void add_app(CLI::App& program, Options& options) {
    auto* app = program.add_subcommand("app", "for applications: what a program tells the node by running a command");
    app->footer(R"(Examples:
  lanyard-node app busy "prints invoices" --for 10m --pid $PID
  lanyard-node app idle --pid $PID
  lanyard-node app run --reason "nightly backup" -- ./backup.sh
  lanyard-node app attend --on-stop ./finish.sh --on-resume ./go_on.sh &
  lanyard-node app exec -- ./server --port 8080

docs/reference/contract.md says what each means.)");
    app->require_subcommand(1);
    auto* busy = app->add_subcommand("busy", "nobody may interrupt, until `app idle` or the end of the process");
    of_process(*busy, options);
    busy->add_option("REASON", options.reason, "what it does, for people")->required();
    busy->add_option("--for", options.busy_for, "no longer than that: 30m, 2h (default: without a limit)");
    auto* idle = app->add_subcommand("idle", "ends what `app busy` said");
    of_process(*idle, options);
    auto* run = app->add_subcommand("run", "becomes a command; nobody may interrupt while it runs");
    of_app(*run, options);
    run->add_option("--reason", options.reason, "what it does, for people (default: the command)");
    run->add_option("COMMAND", options.words, "and its arguments")->required();
    auto* attend = app->add_subcommand("attend", "answers the node by scripts, until the process ends");
    of_process(*attend, options);
    attend->add_option("--on-stop", options.on_stop,
                       "shell command: finish; exit code 0 ready (what it printed is the "
                       "token), 75 not yet (SECONDS REASON), else no (REASON)");
    attend->add_option("--on-resume", options.on_resume,
                       "shell command: go on with the token on stdin; exit code 0 done");
    auto* exec = app->add_subcommand("exec", "becomes a program that takes its listening sockets by LISTEN_FDS");
    exec->add_option("PROGRAM", options.words, "and its arguments")->required();
}

Verb verb_of(std::string const& name) {
    if (name == "busy") return Verb::app_busy;
    if (name == "idle") return Verb::app_idle;
    if (name == "attend") return Verb::app_attend;
    if (name == "exec") return Verb::app_exec;
    if (name == "postpone") return Verb::postpone;
    if (name == "hold") return Verb::hold;
    if (name == "unhold") return Verb::unhold;
    if (name == "why") return Verb::why;
    if (name == "test") return Verb::policy_test;
    if (name == "explain") return Verb::policy_explain;
    if (name == "join") return Verb::join;
    if (name == "run") return Verb::run;
    if (name == "check") return Verb::check;
    if (name == "update") return Verb::update;
    if (name == "history") return Verb::history;
    if (name == "rollback") return Verb::rollback;
    if (name == "verify") return Verb::verify;
    return Verb::status;
}

}  // namespace

Parsed parse_command_line(int argc, char const* const* argv) {
    Parsed parsed;
    Options options;
    CLI::App program("lanyard-node keeps this machine's applications up to date, together with its neighbours.",
                     "lanyard-node");
    program.formatter(std::make_shared<ExamplesFirst>());
    program.footer(kExamples);
    program.set_version_flag("--version", LANYARD_VERSION);
    program.require_subcommand(1);
    add_join(program, options);
    add_others(program, options);
    add_verify(program, options);
    add_decisions(program, options);
    add_policy(program, options);
    add_app(program, options);
    try {
        program.parse(argc, argv);
    } catch (CLI::Success const& success) {
        parsed.exit_code = program.exit(success);
        return parsed;
    } catch (CLI::ParseError const& error) {
        std::cerr << "lanyard-node: " << complaint(program, error) << "; see `lanyard-node --help`\n";
        parsed.exit_code = static_cast<int>(Kind::usage);
        return parsed;
    }
    auto const* command = program.get_subcommands().front();
    while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
    options.verb = verb_of(command->get_name());
    if (options.verb == Verb::run && command->get_parent()->get_name() == "app") options.verb = Verb::app_run;
    parsed.options = options;
    return parsed;
}

}  // namespace lanyard::console
