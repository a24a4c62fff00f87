#include "seeder/console/invocation.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <sstream>

#include "seeder/console/config.h"
#include "seeder/console/errc.h"
#include "seeder/console/examples.h"
#include "seeder/console/member_invocation.h"
#include "seeder/console/suggest.h"

namespace lanyard::console {
namespace {

// In the list of commands a command has one line.
class Formatter final : public CLI::Formatter {
    std::string make_subcommand(CLI::App const* command) const override {
        auto const description = command->get_description();
        std::ostringstream line;
        CLI::detail::format_help(line, command->get_display_name(true), description.substr(0, description.find('\n')),
                                 get_column_width());
        return line.str();
    }
};

CLI::App* add_command(CLI::App& parent, char const* name, char const* description) {
    auto* command = parent.add_subcommand(name, description);
    command->fallthrough();
    command->footer(examples::kFooter);
    return command;
}

// What may stand on a command line, for a word that is nearly one of them.
std::vector<std::string> words_of(CLI::App const& app) {
    std::vector<std::string> words;
    for (auto const* option : app.get_options()) {
        for (auto const& name : option->get_lnames()) words.push_back("--" + name);
    }
    for (auto const* command : app.get_subcommands({})) words.push_back(command->get_name());
    return words;
}

std::string hint_for(std::string const& word, CLI::App const& chosen, CLI::App const& app) {
    auto words = words_of(chosen);
    for (auto& more : words_of(app)) words.push_back(std::move(more));
    std::vector<std::string_view> const known(words.begin(), words.end());
    return did_you_mean(word, known);
}

// The words of CLI11 say what is wrong, but not how to mend it.
std::string complaint(CLI::App const& app, CLI::ParseError const& e) {
    auto const* chosen = &app;
    std::string name = "lanyard-seeder";
    while (!chosen->get_subcommands().empty()) {
        chosen = chosen->get_subcommands().front();
        name += " " + chosen->get_name();
    }
    auto const see = " `" + name + " --help`";
    auto const left_over = app.remaining(true);
    for (auto const& word : left_over) {
        bool const is_option = word.starts_with("-");
        if (!is_option && chosen->get_subcommands({}).empty() && left_over.size() > 1) continue;
        auto const hint = hint_for(word, *chosen, app);
        return "'" + word + "' is no " + (is_option ? "option" : "command or argument") + " of " + name + hint +
               (hint.empty() ? "; see" : " See") + see;
    }
    std::string what = e.what();
    std::replace(what.begin(), what.end(), '\n', ' ');
    while (!what.empty() && (what.back() == ' ' || what.back() == '.')) what.pop_back();
    return what + "; see" + see;
}

// Where CLI11 writes what it finds.
struct Slots {
    std::string state = "/var/lib/lanyard-seeder";
    bool json = false;
    std::string remote;
    std::string identity;
    MemberSlots members;
    InitOptions init;
    PublishOptions publish;
    ListOptions list;
    ShowOptions show;
    WithdrawOptions withdraw;
};

// Said when it is exceeded, and not in the help.
CLI::Validator within(std::uint32_t least, std::uint32_t most) {
    CLI::Validator range = CLI::Range(least, most);
    range.description("");
    return range;
}

constexpr std::uint32_t kMostPort = 65'535;
constexpr std::uint32_t kMostNodes = 1'000'000;
constexpr std::uint32_t kDay = 86'400;

void add_init(CLI::App& app, InitOptions& slots) {
    Config const defaults;
    slots.listen = defaults.listen;
    slots.port = defaults.port;
    slots.swarm_port = defaults.swarm_port;
    slots.expect_nodes = defaults.expect_nodes;
    auto* init = add_command(app, "init", examples::kInit);
    init->add_option("--url", slots.url, "What nodes connect to [https://<host name>:<port>]");
    init->add_option("--listen", slots.listen, "IP address to listen on [0.0.0.0]");
    init->add_option("--port", slots.port, "TCP port for HTTPS and HTTP [8430]")->check(within(1, kMostPort));
    init->add_option("--swarm-port", slots.swarm_port, "TCP port for BitTorrent [8431]")->check(within(0, kMostPort));
    init->add_option("--expect-nodes", slots.expect_nodes, "How many nodes will fetch a release [50]")
        ->check(within(1, kMostNodes));
    init->add_flag("--qr", slots.qr, "The join line as a QR code, too");
}

void add_publish(CLI::App& app, PublishOptions& slots) {
    slots.channel = "stable";
    auto* publish = add_command(app, "publish", examples::kPublish);
    publish->add_option("PATH", slots.source, "A directory, a tar or zip archive, or a single file")->required();
    publish->add_option("--app", slots.app, "Name of the application")->required();
    publish->add_option("--version", slots.version, "Semantic version, such as 1.2.0")->required();
    publish->add_option("--channel", slots.channel, "Line of releases [stable]");
    publish->add_option("--platform", slots.platform, "os/arch, such as linux/amd64 or any/any [this machine's]");
    publish->add_option("--type", slots.type, "tree or file [by what PATH is]");
    publish->add_option("--notes", slots.notes, "What is new, for people");
    publish->add_option("--start", slots.start, "Command that starts the application and returns");
    publish->add_option("--stop", slots.stop, "Command that stops it");
    publish->add_option("--health", slots.health, "cmd:COMMAND, tcp:PORT or http:URL (also http://...)");
    publish->add_option("--port", slots.ports, "TCP port it listens on; may be repeated, or 80,443")
        ->delimiter(',')
        ->check(within(1, kMostPort))
        ->allow_extra_args(false);
    publish->add_option("--start-seconds", slots.start_seconds, "From start to good health [60]")
        ->check(within(0, kDay));
    publish->add_option("--stop-seconds", slots.stop_seconds, "For stopping [30]")->check(within(0, kDay));
    publish->add_option("--probation-seconds", slots.probation_seconds, "How long it must stay healthy [10]")
        ->check(within(0, kDay));
}

void add_release(CLI::App& app, Slots& slots) {
    auto* release = add_command(app, "release", examples::kRelease);
    release->require_subcommand(1);
    auto* list = add_command(*release, "list", examples::kList);
    list->add_option("--app", slots.list.app, "Of this application only");
    auto* show = add_command(*release, "show", examples::kShow);
    show->add_option("APP", slots.show.app)->required();
    show->add_option("VERSION", slots.show.version)->required();
    show->add_option("--channel", slots.show.channel, "On this channel only [all]");
    show->add_option("--platform", slots.show.platform, "For this platform only [all]");
    auto* withdraw = add_command(*release, "withdraw", examples::kWithdraw);
    withdraw->add_option("APP", slots.withdraw.app)->required();
    withdraw->add_option("VERSION", slots.withdraw.version)->required();
    withdraw->add_option("--channel", slots.withdraw.channel, "On this channel only [all]");
    withdraw->add_option("--platform", slots.withdraw.platform, "For this platform only [all]");
}

Result<Invocation> collect(CLI::App const& app, Slots slots) {
    Invocation invocation{std::move(slots.state), slots.json, std::move(slots.remote), std::move(slots.identity),
                          StatusOptions{}};
    auto const* command = app.get_subcommands().front();
    auto const group = command->get_name();
    auto const verb = command->get_subcommands().empty() ? "" : command->get_subcommands().front()->get_name();
    if (group == "operator") {
        using Verb = OperatorOptions::Verb;
        invocation.command = std::move(slots.members.operator_options);
        std::get<OperatorOptions>(invocation.command).verb =
            verb == "add" ? Verb::add : (verb == "revoke" ? Verb::revoke : Verb::list);
        return invocation;
    }
    if (group == "node" || group == "token" || group == "audit") {
        auto request = member_request(group, verb, slots.members);
        if (!request) return pass_on(request);
        request->set_json(invocation.json);
        invocation.command = std::move(*request);
        return invocation;
    }
    auto const name =
        command->get_name() == "release" ? command->get_subcommands().front()->get_name() : command->get_name();
    if (name == "init") invocation.command = std::move(slots.init);
    if (name == "publish") invocation.command = std::move(slots.publish);
    if (name == "list") invocation.command = std::move(slots.list);
    if (name == "show") invocation.command = std::move(slots.show);
    if (name == "withdraw") invocation.command = std::move(slots.withdraw);
    if (name == "serve") invocation.command = ServeOptions{};
    return invocation;
}

}  // namespace

Result<std::variant<Invocation, Help>> parse_command_line(int argc, char const* const* argv) {
    CLI::App app(examples::kProgram, "lanyard-seeder");
    app.formatter(std::make_shared<Formatter>());
    Slots slots;
    app.require_subcommand(1);
    app.set_version_flag("--version", "lanyard-seeder " LANYARD_VERSION);
    app.add_option("--state", slots.state, "State directory [/var/lib/lanyard-seeder]");
    app.add_flag("--json", slots.json, "One JSON document on stdout");
    app.add_option("--remote", slots.remote, "A serving seeder: its https:// URL, or the path of its seeder.sock");
    app.add_option("--identity", slots.identity, "Of the operator, for --remote: the file that operator add made");
    add_init(app, slots.init);
    add_publish(app, slots.publish);
    add_release(app, slots);
    add_member_commands(app, slots.members, add_command);
    add_command(app, "serve", examples::kServe);
    add_command(app, "status", examples::kStatus);
    try {
        app.parse(argc, argv);
        auto invocation = collect(app, std::move(slots));
        if (!invocation) return pass_on(invocation);
        return std::move(*invocation);
    } catch (CLI::CallForHelp const&) {
        auto text = app.help();
        if (!text.ends_with('\n')) text += '\n';
        return Help{std::move(text)};
    } catch (CLI::CallForVersion const& version) {
        return Help{std::string(version.what()) + "\n"};
    } catch (CLI::ParseError const& e) {
        return fail(Errc::wrong_usage, complaint(app, e));
    }
}

}  // namespace lanyard::console
