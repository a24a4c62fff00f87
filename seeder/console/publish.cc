#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "manifests/release/install_policy.h"
#include "proto/outcome/plain_text.h"
#include "seeder/catalogue/catalogue.h"
#include "seeder/ceremony/key_files.h"
#include "seeder/console/changes.h"
#include "seeder/console/commands.h"
#include "seeder/console/errc.h"
#include "seeder/console/key_folder.h"
#include "seeder/console/posix_files.h"
#include "seeder/console/progress_meter.h"
#include "seeder/console/render.h"
#include "seeder/fleet/fleet.h"
#include "seeder/intake/errc.h"
#include "seeder/intake/intake.h"
#include "seeder/publish/delegations.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/manifest_rows.h"
#include "seeder/publish/publisher.h"

namespace lanyard::console {
namespace {

using release::PackageType;

// What the command line says about a release, judged.
struct Draft {
    release::AppId app;
    release::Version version;
    release::Channel channel;
    release::Platform platform;
    std::optional<PackageType> type;
    v1::InstallPolicy install;
    std::string notes;
};

// People know the options, and not the fields they fill.
tl::unexpected<Error> in_options(Error error) {
    constexpr std::pair<std::string_view, std::string_view> kNames[] = {
        {"install.installer.seconds", "--installer-seconds"},
        {"install.installer.arguments", "--argument"},
        {"install.installer.exit_codes", "--exit-code"},
        {"install.installer.product_version", "--product-version"},
        {"install.installer.product", "--product"},
        {"install.installer.remove_command", "--remove-command"},
        {"install.installer.unconfined", "--unconfined"},
        {"install.health.probation_seconds", "--probation-seconds"},
        {"install.health.command", "the command of --health"},
        {"install.health.tcp_port", "the port of --health"},
        {"install.health.http_url", "the URL of --health"},
        {"install.deadline_hours", "--deadline-hours"},
        {"install.start_seconds", "--start-seconds"},
        {"install.drain_seconds", "--drain-seconds"},
        {"install.keep_ports", "--keep-ports"},
        {"install.stop_seconds", "--stop-seconds"},
        {"a port of install.ports", "--port"},
        {"install.ports", "--port"},
        {"install.start", "--start"},
        {"install.stop", "--stop"},
    };
    for (auto const& [field, option] : kNames) {
        if (auto const at = error.detail.find(field); at != std::string::npos) {
            error.detail.replace(at, field.size(), option);
            break;
        }
    }
    return tl::unexpected<Error>(std::move(error));
}

Result<v1::Health> parse_health(PublishOptions const& options) {
    v1::Health health;
    health.set_probation_seconds(options.probation_seconds);
    std::string_view const text = options.health;
    if (text.empty()) return health;
    if (text.starts_with("cmd:")) {
        health.set_command(std::string(text.substr(4)));
    } else if (text.starts_with("http://")) {
        health.set_http_url(std::string(text));
    } else if (text.starts_with("http:")) {
        health.set_http_url(std::string(text.substr(5)));
    } else if (text.starts_with("tcp:")) {
        auto const digits = text.substr(4);
        std::uint16_t port = 0;
        auto const [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
        if (wrong != std::errc() || end != digits.data() + digits.size() || port == 0) {
            return fail(Errc::wrong_usage, "--health '" + options.health + "' names no port: use tcp:1 to tcp:65535");
        }
        health.set_tcp_port(port);
    } else {
        return fail(Errc::wrong_usage,
                    "--health '" + options.health +
                        "' is no kind of check: use cmd:COMMAND, tcp:PORT or http://127.0.0.1:PORT/");
    }
    return health;
}

Result<v1::ExitMeaning> parse_meaning(std::string_view text, std::string const& whole) {
    constexpr std::pair<std::string_view, v1::ExitMeaning> kMeanings[] = {
        {"done", v1::EXIT_MEANING_DONE},
        {"restart", v1::EXIT_MEANING_DONE_AFTER_RESTART},
        {"busy", v1::EXIT_MEANING_BUSY},
        {"failed", v1::EXIT_MEANING_FAILED},
    };
    for (auto const& [word, meaning] : kMeanings) {
        if (word == text) return meaning;
    }
    return fail(Errc::wrong_usage, "--exit-code '" + whole +
                                       "' must be a number, '=', and one of done, restart, busy,"
                                       " failed");
}

Result<v1::Installer> parse_installer(PublishOptions const& options) {
    v1::Installer installer;
    installer.set_seconds(options.installer_seconds);
    for (auto const& argument : options.arguments) installer.add_arguments(argument);
    for (auto const& text : options.exit_codes) {
        auto const equals = std::min(text.find('='), text.size());
        std::uint32_t code = 0;
        auto const [end, wrong] = std::from_chars(text.data(), text.data() + equals, code);
        bool const number = wrong == std::errc() && end == text.data() + equals && equals > 0;
        auto const word = number && equals < text.size() ? std::string_view(text).substr(equals + 1) : "";
        auto const meaning = parse_meaning(word, text);
        if (!meaning) return pass_on(meaning);
        auto& entry = *installer.add_exit_codes();
        entry.set_code(code);
        entry.set_meaning(*meaning);
    }
    installer.set_product(options.product);
    installer.set_product_version(options.product_version);
    installer.set_remove_command(options.remove_command);
    installer.set_unconfined(options.unconfined);
    return installer;
}

Result<std::optional<PackageType>> parse_type(PublishOptions const& options) {
    if (!options.type) return std::optional<PackageType>();
    auto const type = release::type_from_text(*options.type);
    if (type) return type;
    return fail(Errc::wrong_usage,
                "--type '" + *options.type + "' is no type of package: use one of " + release::all_types());
}

Result<Draft> judge(PublishOptions const& options) {
    for (auto const& [option, text] : {std::pair("--notes", &options.notes), std::pair("--start", &options.start),
                                       std::pair("--stop", &options.stop), std::pair("--health", &options.health),
                                       std::pair("--remove-command", &options.remove_command)}) {
        if (is_utf8(*text)) continue;
        return fail(Errc::wrong_usage, std::string(option) + " is not UTF-8: convert the text and publish again");
    }
    // Nor can a message hold what is not.
    for (auto const* texts : {&options.arguments, &options.exit_codes}) {
        if (std::all_of(texts->begin(), texts->end(), is_utf8)) continue;
        return fail(Errc::wrong_usage, "--argument or --exit-code is not UTF-8: convert the text and publish again");
    }
    auto app = release::AppId::parse(options.app);
    if (!app) return pass_on(app);
    auto version = release::Version::parse(options.version);
    if (!version) return pass_on(version);
    auto channel = release::Channel::parse(options.channel);
    if (!channel) return pass_on(channel);
    auto platform = options.platform ? release::Platform::parse(*options.platform)
                                     : Result<release::Platform>(release::Platform::here());
    if (!platform) return pass_on(platform);
    auto const type = parse_type(options);
    if (!type) return pass_on(type);
    auto const health = parse_health(options);
    if (!health) return pass_on(health);
    auto const installer = parse_installer(options);
    if (!installer) return pass_on(installer);

    v1::InstallPolicy install;
    install.set_start(options.start);
    install.set_stop(options.stop);
    install.set_start_seconds(options.start_seconds);
    install.set_stop_seconds(options.stop_seconds);
    *install.mutable_health() = *health;
    *install.mutable_installer() = *installer;
    for (auto const port : options.ports) install.add_ports(port);
    install.set_critical(options.critical);
    install.set_deadline_hours(options.deadline_hours);
    install.set_restarts_machine(options.restarts_machine);
    install.set_drain_seconds(options.drain_seconds);
    install.set_keep_ports(options.keep_ports);
    if (auto const policy = release::install_from_proto(install); !policy) return in_options(policy.error());
    return Draft{std::move(*app), std::move(*version), std::move(*channel), std::move(*platform),
                 *type,           std::move(install),  options.notes};
}

std::string raw(release::Digest const& digest) {
    return {reinterpret_cast<char const*>(digest.bytes().data()), digest.bytes().size()};
}

// A single file keeps the ending of no archive, even if it is one.
std::string extension_of(intake::Package const& package) {
    if (!release::is_archive(package.type)) return std::string(release::extensions_of(package.type).front());
    return package::extension(package.format);
}

v1::Target to_target(Draft const& draft, intake::Package const& package) {
    v1::Target target;
    target.set_path(
        release::target_path(draft.app, draft.channel, draft.version, draft.platform, extension_of(package)));
    target.set_length(package.length);
    target.set_sha256(raw(package.sha256));
    target.set_app(draft.app.text());
    target.set_version(draft.version.text());
    target.set_channel(draft.channel.text());
    target.mutable_platform()->set_os(draft.platform.os());
    target.mutable_platform()->set_arch(draft.platform.arch());
    target.set_type(release::type_to_proto(package.type));
    target.set_unpacked_length(package.contents.unpacked_length);
    target.set_entry_count(package.contents.entry_count);
    target.mutable_swarm()->set_info_hash_v1(std::string(package.info_hash.bytes()));
    target.mutable_swarm()->set_torrent_sha256(raw(package.torrent_sha256));
    target.mutable_swarm()->set_piece_length(package.piece_length);
    target.mutable_swarm()->set_piece_list_sha256(raw(package.piece_list_sha256));
    *target.mutable_install() = draft.install;
    target.set_notes(draft.notes);
    return target;
}

// Finds what is wrong with the draft before an hour goes into packing: the target is judged with a made-up package.
Status rehearse(Draft const& draft) {
    release::Digest const any{release::Digest::Bytes{}};
    auto const type = draft.type.value_or(PackageType::file);
    intake::Package const package{type, package::Format::tar_zst, any, 1, {1, 1}, {}, any, any, 65'536};
    auto target = to_target(draft, package);
    target.set_path(release::target_path(draft.app, draft.channel, draft.version, draft.platform,
                                         std::string(release::extensions_of(type).front())));
    // What it goes with is known when the payload has been looked at.
    if (!draft.type) target.mutable_install()->clear_installer();
    target.set_release_counter(1);
    auto const judged = release::Target::from_proto(target);
    if (!judged) return in_options(judged.error());
    return {};
}

// A version below what is live is legal, and rarely meant.
std::string warn_if_overtaken(store::Database& database, Draft const& draft) {
    auto const candidates = database.read([&](store::Connection& connection) {
        return catalogue::Catalogue(connection).candidates(draft.app, draft.channel);
    });
    if (!candidates) return "";
    for (auto const& candidate : *candidates) {
        if (candidate.platform == draft.platform && candidate.version > draft.version) {
            return fmt::format(
                "lanyard-seeder: warning: nodes are offered the highest version, which is {0} and not {1}; to have {1} "
                "installed, withdraw {0}\n",
                candidate.version.text(), draft.version.text());
        }
    }
    return "";
}

// Live releases of the same bytes have told nodes which torrent it is.
std::optional<intake::SignedTorrent> find_signed(store::Database& database, release::Digest const& package) {
    auto const live =
        database.read([](store::Connection& connection) { return catalogue::Catalogue(connection).live_targets(); });
    if (!live) return std::nullopt;
    for (auto const& target : *live) {
        if (target.sha256() != package.to_raw()) continue;
        auto const torrent = release::Digest::from_raw(target.swarm().torrent_sha256());
        if (torrent) return intake::SignedTorrent{*torrent, target.swarm().piece_length()};
    }
    return std::nullopt;
}

// A release in a delegated role is no business of the targets key.
std::set<std::string> roles_for(std::string const& role) {
    return role == catalogue::kTopLevelRole ? kPublishingRoles : kServingRoles;
}

// Before hours go into packing.
Status check_role(OpenState& state, std::string const& role) {
    if (role == catalogue::kTopLevelRole) return {};
    auto const manifest = state.database.read(publish::read_manifest);
    if (!manifest) return pass_on(manifest);
    auto const targets = publish::targets_in(manifest->targets);
    if (!targets) return pass_on(targets);
    if (publish::find_delegation(*targets, role)) return {};
    return fail(publish::Errc::no_such_role,
                "nobody has delegated to a role '" + role + "': `lanyard-seeder delegation list` shows the roles");
}

// One that may be stopped meanwhile does not wait for somebody else's hour.
Result<intake::Disk::Lock> wait_for_turn(intake::Disk& disk, std::filesystem::path const& file,
                                         Terminal const& terminal) {
    constexpr std::chrono::milliseconds kLook{200};
    if (!terminal.stop) return disk.lock(file);
    for (;;) {
        auto lock = try_lock(file);
        if (!lock || *lock) return lock;
        if (terminal.must_stop()) return fail(intake::Errc::stopped, "it was stopped while another publish went on");
        std::this_thread::sleep_for(kLook);
    }
}

Result<publish::Change> take_in_and_publish(OpenState& state, Draft const& draft, PublishOptions const& options,
                                            KeyFolder& keys, WallClock const& clock, Terminal& terminal) {
    PosixDisk disk;
    auto lock = try_lock(state.dir.publish_lock());
    if (lock && !*lock) {
        terminal.err << "lanyard-seeder: another publish is under way; waiting for it\n" << std::flush;
        lock = wait_for_turn(disk, state.dir.publish_lock(), terminal);
    }
    if (!lock) return pass_on(lock);
    publish::Projection projection(disk, state.dir.metadata(), state.dir.change_lock());
    publish::Publisher publisher(state.database, projection, [&](v1::Root const& root) { return keys.find(root); });
    // Completes what a publish that was killed has begun, before this one is perhaps refused because of it.
    if (auto const drawn = publisher.draw(); !drawn) return pass_on(drawn);
    auto const may = state.database.read([&](store::Connection& connection) {
        return catalogue::Catalogue(connection).may_add(draft.app, draft.version, draft.channel, draft.platform);
    });
    if (!may) return pass_on(may);

    remove_unpublished(state, disk);
    ProgressMeter meter(terminal);
    auto const known_nodes = fleet::Fleet(state.database).expected_nodes();
    if (!known_nodes) return pass_on(known_nodes);
    intake::Order const order{options.source,
                              draft.type,
                              std::max(state.config.expect_nodes, *known_nodes),
                              announce_url(state.config),
                              options.uploaded ? std::filesystem::path() : state.dir.root(),
                              [&](release::Digest const& digest) { return find_signed(state.database, digest); },
                              draft.platform};
    auto const package = intake::take_in(disk, state.dir.packages(), order,
                                         [&](char const* phase, std::uint64_t done, std::uint64_t total) {
                                             meter.tell(phase, done, total);
                                             return !terminal.must_stop();
                                         });
    auto change = package ? publisher.publish(to_target(draft, *package), clock(), options.role)
                          : Result<publish::Change>(pass_on(package));
    if (!change) remove_unpublished(state, disk);
    return change;
}

}  // namespace

Status publish_release(StateDir const& dir, PublishOptions const& options, bool json, WallClock const& clock,
                       Terminal& terminal) {
    auto const draft = judge(options);
    if (!draft) return pass_on(draft);
    if (auto const fine = rehearse(*draft); !fine) return fine;
    auto state = open_state(dir.root());
    if (!state) return pass_on(state);
    auto const ask = options.uploaded ? signing::Passphrase() : ceremony::passphrase_from(options.passphrase_file);
    KeyFolder keys(dir, roles_for(options.role), ask, {options.role});
    if (auto const delegated = check_role(*state, options.role); !delegated) return delegated;
    if (auto const fit = check_keys(keys, state->database); !fit) return fit;
    if (auto const there = check_public(dir); !there) return there;
    auto const warning = warn_if_overtaken(state->database, *draft);
    auto const change = take_in_and_publish(*state, *draft, options, keys, clock, terminal);
    if (!change) return pass_on(change);
    terminal.err << warning;

    v1::PublishResult result;
    result.set_schema(1);
    *result.mutable_release() = to_info(change->entries.front());
    result.set_revision(change->revision);
    PosixDisk disk;
    auto const waiting = conclude_change(*state, disk, *change, terminal);
    if (!waiting) return pass_on(waiting);
    if (*waiting) result.set_request((*waiting)->file.string());
    if (json) {
        terminal.out << to_json(result);
    } else if (*waiting) {
        terminal.out << (*waiting)->words;
    } else {
        auto const& target = result.release().target();
        terminal.out << fmt::format("Published {} {} on {} for {}: {}, sha256 {}\n", target.app(), target.version(),
                                    target.channel(), draft->platform.text(), human_bytes(target.length()),
                                    to_hex(target.sha256()));
    }
    return {};
}

}  // namespace lanyard::console
