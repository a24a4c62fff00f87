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
    GenerateOptions generate;
    RotateOptions rotate;
    RevokeOptions revoke;
    RenewOptions renew;
    ImportOptions import;
    AddDelegationOptions add_delegation;
    RemoveDelegationOptions remove_delegation;
    RenewDelegationOptions renew_delegation;
    VerifyOptions verify;
};

// Said when it is exceeded, and not in the help.
CLI::Validator within(std::uint32_t least, std::uint32_t most) {
    CLI::Validator range = CLI::Range(least, most);
    range.description("");
    return range;
}

constexpr std::uint32_t kMostPort = 65'535;
constexpr std::uint32_t kMostNodes = 1'000'000;
constexpr std::uint32_t kMostDeadlineHours = 365 * 24;
constexpr std::uint32_t kDay = 86'400;

void add_passphrase(CLI::App& command, std::optional<std::filesystem::path>& slot,
                    char const* what = "Its first line opens key files [ask]") {
    command.add_option("--passphrase-file", slot, what);
}

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
    init->add_flag("--offline-root", slots.offline_root, "Make the root keys in --key-dir, to be carried away");
    init->add_flag("--offline-targets", slots.offline_targets, "The same for the targets keys");
    init->add_option("--threshold", slots.thresholds, "2/3 for what is offline, or root=2/3, targets=1/2 [1/1]")
        ->allow_extra_args(false);
    init->add_option("--key-dir", slots.key_dir, "Where offline keys are made [<state>-keys]");
    init->add_option("--root-key", slots.root_keys, "A public root key made elsewhere; may be repeated")
        ->allow_extra_args(false);
    init->add_option("--targets-key", slots.targets_keys, "A public targets key made elsewhere; may be repeated")
        ->allow_extra_args(false);
    init->add_flag("--passphrase", slots.passphrase, "Ask for a passphrase for each offline key");
    add_passphrase(*init, slots.passphrase_file, "Encrypt offline keys with its first line");
    init->add_flag("--qr", slots.qr, "The join line as a QR code, too");
}

void add_installer(CLI::App& publish, PublishOptions& slots) {
    publish.add_option("--installer-seconds", slots.installer_seconds, "For an installer (deb, rpm, exe, ...) [1800]")
        ->check(within(0, kDay));
    publish
        .add_option("--argument", slots.arguments, "exe, msi: a silent switch, such as --argument=/S; may be repeated")
        ->allow_extra_args(false);
    publish
        .add_option("--exit-code", slots.exit_codes,
                    "CODE=done, restart, busy or failed: beside the usual ones; may be repeated")
        ->allow_extra_args(false);
    publish.add_option("--product", slots.product, "exe: its Uninstall key, msi: ProductCode, pkg: identifier");
    publish.add_option("--product-version", slots.product_version, "What the system shows for it [that of --version]");
    publish.add_option("--remove-command", slots.remove_command, "exe, pkg: takes it away again without a question");
    publish.add_flag("--unconfined", slots.unconfined,
                     "script: with the rights of the node, and not in its directory only");
}

void add_publish(CLI::App& app, PublishOptions& slots) {
    slots.channel = "stable";
    auto* publish = add_command(app, "publish", examples::kPublish);
    publish->add_option("PATH", slots.source, "A directory, a tar or zip archive, or a single file")->required();
    publish->add_option("--app", slots.app, "Name of the application")->required();
    publish->add_option("--version", slots.version, "Semantic version, such as 1.2.0")->required();
    publish->add_option("--channel", slots.channel, "Line of releases [stable]");
    publish->add_option("--platform", slots.platform, "os/arch, such as linux/amd64 or any/any [this machine's]");
    publish->add_option("--type", slots.type,
                        "tree, file, plugin, deb, rpm, debs, rpms, exe, msi, pkg, dmg or script [by what PATH is]");
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
    publish->add_option("--drain-seconds", slots.drain_seconds, "To finish its work in when it is asked to stop [60]")
        ->check(within(0, kDay));
    publish->add_flag("--keep-ports", slots.keep_ports,
                      "It takes its listening sockets by LISTEN_FDS: nodes keep its ports open over the update");
    publish->add_option("--probation-seconds", slots.probation_seconds, "How long it must stay healthy [10]")
        ->check(within(0, kDay));
    publish->add_flag("--critical", slots.critical, "Nodes do not wait for their time windows, and set a deadline");
    publish
        ->add_option("--deadline-hours", slots.deadline_hours,
                     "Nodes install it at the latest so long after hearing of it")
        ->check(within(0, kMostDeadlineHours));
    publish->add_flag("--restarts-machine", slots.restarts_machine, "Nodes wait until nobody uses the machine at all");
    add_installer(*publish, slots);
    publish->add_option("--role", slots.role, "Delegated role that is to name it [targets]");
    add_passphrase(*publish, slots.passphrase_file);
}

CLI::App* add_named(CLI::App& release, char const* name, char const* description, NamedRelease& slots) {
    auto* command = add_command(release, name, description);
    command->add_option("APP", slots.app)->required();
    command->add_option("VERSION", slots.version)->required();
    command->add_option("--channel", slots.channel, "On this channel only [all]");
    command->add_option("--platform", slots.platform, "For this platform only [all]");
    return command;
}

void add_release(CLI::App& app, Slots& slots) {
    auto* release = add_command(app, "release", examples::kRelease);
    release->require_subcommand(1);
    auto* list = add_command(*release, "list", examples::kList);
    list->add_option("--app", slots.list.app, "Of this application only");
    add_named(*release, "show", examples::kShow, slots.show);
    add_named(*release, "verify", examples::kVerify, slots.verify);
    auto* withdraw = add_named(*release, "withdraw", examples::kWithdraw, slots.withdraw);
    add_passphrase(*withdraw, slots.withdraw.passphrase_file);
}

constexpr std::uint32_t kMostKeysOfRole = 100;

void add_key(CLI::App& app, Slots& slots) {
    auto* key = add_command(app, "key", examples::kKey);
    key->require_subcommand(1);
    add_command(*key, "list", examples::kKeyList);
    auto* generate = add_command(*key, "generate", examples::kKeyGenerate);
    generate->add_option("FILE", slots.generate.file, "The key; its public half is FILE with .pub")->required();
    generate->add_flag("--passphrase", slots.generate.passphrase, "Ask for a passphrase to encrypt it with");
    add_passphrase(*generate, slots.generate.passphrase_file, "Encrypt with its first line");
    auto* rotate = add_command(*key, "rotate", examples::kKeyRotate);
    rotate->add_option("--role", slots.rotate.roles, "root, targets, snapshot or timestamp; may be repeated")
        ->required()
        ->allow_extra_args(false);
    rotate->add_option("--key", slots.rotate.keys, "Every key it shall have: a file, or the id of one that stays")
        ->allow_extra_args(false);
    rotate->add_option("--threshold", slots.rotate.threshold, "How many of them have to sign [as before]")
        ->check(within(1, kMostKeysOfRole));
    add_passphrase(*rotate, slots.rotate.passphrase_file);
    auto* revoke = add_command(*key, "revoke", examples::kKeyRevoke);
    revoke->add_option("--role", slots.revoke.role, "root, targets, snapshot or timestamp")->required();
    revoke->add_option("--key", slots.revoke.key, "Its id, as `key list` shows it")->required();
    revoke->add_option("--threshold", slots.revoke.threshold, "How many of the rest have to sign [as before]")
        ->check(within(1, kMostKeysOfRole));
    add_passphrase(*revoke, slots.revoke.passphrase_file);
    auto* renew = add_command(*key, "renew", examples::kKeyRenew);
    renew->add_option("--role", slots.renew.role, "root or targets")->required();
    add_passphrase(*renew, slots.renew.passphrase_file);
}

void add_delegation(CLI::App& app, Slots& slots) {
    auto* delegation = add_command(app, "delegation", examples::kDelegation);
    delegation->require_subcommand(1);
    add_command(*delegation, "list", examples::kDelegationList);
    auto* add = add_command(*delegation, "add", examples::kDelegationAdd);
    add->add_option("NAME", slots.add_delegation.name)->required();
    add->add_option("--paths", slots.add_delegation.paths,
                    "Pattern of APP/CHANNEL/VERSION/OS-ARCH/FILE; may be repeated")
        ->required()
        ->allow_extra_args(false);
    add->add_option("--key", slots.add_delegation.keys, "A public key that signs for it; may be repeated")
        ->required()
        ->allow_extra_args(false);
    add->add_option("--threshold", slots.add_delegation.threshold, "How many of them have to sign [1]")
        ->check(within(1, kMostKeysOfRole));
    add->add_flag("--terminating", slots.add_delegation.terminating, "Nobody further down may name these paths");
    add_passphrase(*add, slots.add_delegation.passphrase_file);
    auto* remove = add_command(*delegation, "remove", examples::kDelegationRemove);
    remove->add_option("NAME", slots.remove_delegation.name)->required();
    add_passphrase(*remove, slots.remove_delegation.passphrase_file);
    auto* renew = add_command(*delegation, "renew", examples::kDelegationRenew);
    renew->add_option("NAME", slots.renew_delegation.name)->required();
    add_passphrase(*renew, slots.renew_delegation.passphrase_file);
}

void add_import(CLI::App& app, ImportOptions& slots) {
    auto* import = add_command(app, "import", examples::kImport);
    import->add_option("FILE", slots.files, "What lanyard-sign has written; several copies are put together")
        ->required();
    add_passphrase(*import, slots.passphrase_file);
}

Result<Invocation> collect(CLI::App const& app, Slots slots) {
    Invocation invocation{std::move(slots.state), slots.json, std::move(slots.remote), std::move(slots.identity),
                          StatusOptions{}};
    auto const* command = app.get_subcommands().front();
    bool const of_delegation = command->get_name() == "delegation";
    bool const of_key = command->get_name() == "key";
    auto const group = command->get_name();
    auto const verb =
        command->get_subcommands().empty() ? std::string() : command->get_subcommands().front()->get_name();
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
    auto const name = of_key || of_delegation || group == "release" ? verb : group;
    if (name == "init") invocation.command = std::move(slots.init);
    if (name == "publish") invocation.command = std::move(slots.publish);
    if (name == "list" && of_delegation) invocation.command = ListDelegationsOptions{};
    if (name == "add") invocation.command = std::move(slots.add_delegation);
    if (name == "remove") invocation.command = std::move(slots.remove_delegation);
    if (name == "list" && !of_key && !of_delegation) invocation.command = std::move(slots.list);
    if (name == "list" && of_key) invocation.command = ListKeysOptions{};
    if (name == "generate") invocation.command = std::move(slots.generate);
    if (name == "rotate") invocation.command = std::move(slots.rotate);
    if (name == "revoke") invocation.command = std::move(slots.revoke);
    if (name == "renew" && of_key) invocation.command = std::move(slots.renew);
    if (name == "renew" && of_delegation) invocation.command = std::move(slots.renew_delegation);
    if (name == "import") invocation.command = std::move(slots.import);
    if (name == "show") invocation.command = std::move(slots.show);
    if (name == "verify") invocation.command = std::move(slots.verify);
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
    add_key(app, slots);
    add_delegation(app, slots);
    add_import(app, slots.import);
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
