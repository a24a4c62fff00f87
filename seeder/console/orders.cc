#include "seeder/console/orders.h"

#include <fmt/format.h>

#include "seeder/catalogue/catalogue.h"
#include "seeder/console/errc.h"
#include "seeder/console/member_commands.h"
#include "seeder/console/posix_files.h"
#include "seeder/console/uploads.h"
#include "seeder/intake/errc.h"

namespace lanyard::console {
namespace {

using authority::Role;
using v1::AdminRequest;

constexpr char const* kHere = "here";

template <class Named>
Named to_options(v1::NamedRelease const& message) {
    Named named;
    named.app = message.app();
    named.version = message.version();
    if (!message.channel().empty()) named.channel = message.channel();
    if (!message.platform().empty()) named.platform = message.platform();
    return named;
}

PublishOptions to_options(v1::PublishRelease const& message, std::filesystem::path source) {
    PublishOptions options;
    options.source = std::move(source);
    options.uploaded = true;
    options.app = message.app();
    options.version = message.version();
    options.channel = message.channel();
    options.platform = message.platform();
    if (!message.type().empty()) options.type = message.type();
    options.notes = message.notes();
    options.start = message.start();
    options.stop = message.stop();
    options.health = message.health();
    for (auto const port : message.ports()) options.ports.push_back(static_cast<std::uint16_t>(port));
    options.start_seconds = message.start_seconds();
    options.stop_seconds = message.stop_seconds();
    options.probation_seconds = message.probation_seconds();
    options.critical = message.critical();
    options.deadline_hours = message.deadline_hours();
    options.restarts_machine = message.restarts_machine();
    if (!message.role().empty()) options.role = message.role();
    options.drain_seconds = message.drain_seconds();
    options.keep_ports = message.keep_ports();
    options.installer_seconds = message.installer_seconds();
    options.arguments.assign(message.arguments().begin(), message.arguments().end());
    options.exit_codes.assign(message.exit_codes().begin(), message.exit_codes().end());
    options.product = message.product();
    options.product_version = message.product_version();
    options.remove_command = message.remove_command();
    options.unconfined = message.unconfined();
    return options;
}

tl::unexpected<Error> stopped() {
    return fail(intake::Errc::stopped,
                "the seeder is being stopped: nothing was published; publish again when it runs, and nothing need be "
                "uploaded again");
}

Status publish_uploaded(StateDir const& dir, v1::PublishRelease const& message, bool json, WallClock const& clock,
                        Terminal& terminal) {
    constexpr std::uint32_t kMostPort = 65'535;
    for (auto const port : message.ports()) {
        if (port == 0 || port > kMostPort) return fail(Errc::wrong_usage, "a port is a number from 1 to 65535");
    }
    Uploads uploads(dir.uploads());
    auto const go_on = [&terminal](std::uint64_t, std::uint64_t) { return !terminal.must_stop(); };
    auto const source = uploads.finish(message.upload(), message.length(), go_on);
    if (!source && terminal.must_stop()) return stopped();
    if (!source) return pass_on(source);
    auto const published = publish_release(dir, to_options(message, *source), json, clock, terminal);
    // What was uploaded is there when the same order comes again.
    if (!published && published.error().code == intake::Errc::stopped) return stopped();
    uploads.remove(message.upload());
    return published;
}

Status carry_out(StateDir const& dir, AdminRequest const& request, authority::Actor const& actor,
                 WallClock const& clock, Terminal& terminal) {
    auto const json = request.json();
    switch (request.command_case()) {
        case AdminRequest::kStatus:
            return show_status(dir, json, clock(), terminal);
        case AdminRequest::kListReleases: {
            ListOptions options;
            if (!request.list_releases().app().empty()) options.app = request.list_releases().app();
            return list_releases(dir, options, json, terminal);
        }
        case AdminRequest::kShowRelease:
            return show_release(dir, to_options<ShowOptions>(request.show_release()), json, terminal);
        case AdminRequest::kWithdrawRelease: {
            auto options = to_options<WithdrawOptions>(request.withdraw_release());
            options.remote = true;
            return withdraw_release(dir, options, json, clock, terminal);
        }
        case AdminRequest::kPublish:
            return publish_uploaded(dir, request.publish(), json, clock, terminal);
        case AdminRequest::COMMAND_NOT_SET:
            return fail(Errc::wrong_usage, "this seeder does not know the command: is it an older one?");
        default:
            return member_command(dir, request, actor, clock(), terminal);
    }
}

}  // namespace

Role least_role(AdminRequest const& request) {
    switch (request.command_case()) {
        case AdminRequest::kStatus:
        case AdminRequest::kListReleases:
        case AdminRequest::kShowRelease:
        case AdminRequest::kListNodes:
        case AdminRequest::kListTokens:
            return Role::viewer;
        case AdminRequest::kNode:
            return request.node().verb() == v1::NodeOrder::SHOW ? Role::viewer : Role::administrator;
        case AdminRequest::kWithdrawRelease:
        case AdminRequest::kPublish:
            return Role::publisher;
        default:
            return Role::administrator;
    }
}

std::string publish_in_words(std::string const& app, std::string const& version, std::string const& role) {
    auto const what = "publish " + app + " " + version;
    return role.empty() || role == catalogue::kTopLevelRole ? what : what + " in the role " + role;
}

std::string order_in_words(AdminRequest const& request) {
    switch (request.command_case()) {
        case AdminRequest::kWithdrawRelease:
            return "withdraw " + request.withdraw_release().app() + " " + request.withdraw_release().version();
        case AdminRequest::kPublish:
            return publish_in_words(request.publish().app(), request.publish().version(), request.publish().role());
        case AdminRequest::kNewToken:
            return fmt::format("make a token of {} uses, valid {} s", request.new_token().uses(),
                               request.new_token().valid_seconds());
        case AdminRequest::kRevokeToken:
            return "revoke token " + request.revoke_token().token();
        case AdminRequest::kNode:
            break;
        default:
            return "";
    }
    auto const& node = request.node().node();
    if (request.node().verb() == v1::NodeOrder::ACCEPT) return "accept node " + node;
    if (request.node().verb() == v1::NodeOrder::REJECT) return "reject node " + node;
    if (request.node().verb() == v1::NodeOrder::REVOKE) return "revoke node " + node;
    if (request.node().verb() == v1::NodeOrder::FORGET) {
        auto const& place = request.node().waiting_at();
        return place.empty() ? "forget node " + node : "forget nodes that wait at " + place;
    }
    return "";
}

Status obey(StateDir const& dir, AdminRequest const& request, authority::Actor const& actor, WallClock const& clock,
            Terminal& terminal) {
    auto const done = carry_out(dir, request, actor, clock, terminal);
    if (auto const what = order_in_words(request); !what.empty()) {
        note_order(dir, actor, what, done, clock(), terminal);
    }
    return done;
}

void note_order(StateDir const& dir, authority::Actor const& actor, std::string const& what, Status const& outcome,
                trust::TimePoint now, Terminal& terminal) {
    // What goes wrong here is told here, and has changed nothing.
    if (!outcome && actor.source == kHere) return;
    auto database = open_database(dir);
    auto const words = outcome ? std::string("done") : "failed: " + outcome.error().detail;
    auto const noted =
        database ? authority::Audit(*database).note({0, now.time_since_epoch().count(), actor, what, words, false})
                 : pass_on(database);
    if (!noted) terminal.err << "lanyard-seeder: warning: the audit lacks this order: " << noted.error().detail << "\n";
}

authority::Actor local_actor() { return {"user " + user_name(), kHere}; }

v1::PublishRelease to_message(PublishOptions const& options) {
    v1::PublishRelease message;
    message.set_app(options.app);
    message.set_version(options.version);
    message.set_channel(options.channel);
    message.set_type(options.type.value_or(""));
    message.set_notes(options.notes);
    message.set_start(options.start);
    message.set_stop(options.stop);
    message.set_health(options.health);
    for (auto const port : options.ports) message.add_ports(port);
    message.set_start_seconds(options.start_seconds);
    message.set_stop_seconds(options.stop_seconds);
    message.set_probation_seconds(options.probation_seconds);
    message.set_critical(options.critical);
    message.set_deadline_hours(options.deadline_hours);
    message.set_restarts_machine(options.restarts_machine);
    if (options.role != catalogue::kTopLevelRole) message.set_role(options.role);
    message.set_drain_seconds(options.drain_seconds);
    message.set_keep_ports(options.keep_ports);
    message.set_installer_seconds(options.installer_seconds);
    for (auto const& argument : options.arguments) message.add_arguments(argument);
    for (auto const& code : options.exit_codes) message.add_exit_codes(code);
    message.set_product(options.product);
    message.set_product_version(options.product_version);
    message.set_remove_command(options.remove_command);
    message.set_unconfined(options.unconfined);
    return message;
}

v1::NamedRelease to_message(NamedRelease const& named) {
    v1::NamedRelease message;
    message.set_app(named.app);
    message.set_version(named.version);
    message.set_channel(named.channel.value_or(""));
    message.set_platform(named.platform.value_or(""));
    return message;
}

}  // namespace lanyard::console
