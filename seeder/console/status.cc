#include <fmt/format.h>

#include "manifests/trust/envelope.h"
#include "seeder/catalogue/catalogue.h"
#include "seeder/console/commands.h"
#include "seeder/console/posix_files.h"
#include "seeder/console/render.h"
#include "seeder/console/table.h"
#include "seeder/fleet/fleet.h"
#include "seeder/publish/manifest_rows.h"
#include "seeder/publish/publisher.h"

namespace lanyard::console {
namespace {

void add_role(v1::SeederStatus& status, trust::RoleName name, publish::SignedRole const& role, v1::Root const& root,
              trust::TimePoint now) {
    auto* added = status.add_roles();
    added->set_role(trust::text(name));
    added->set_version(role.version);
    added->set_expires(role.expires);
    added->set_days_left(publish::days_left(role.expires, now));
    auto const keys = publish::keys_of(root, name);
    added->set_threshold(keys.threshold);
    added->set_keys(static_cast<std::uint32_t>(keys.keys.size()));
}

Result<v1::SeederStatus> read_status(OpenState& state, publish::Manifest& manifest, trust::TimePoint now) {
    return state.database.read([&](store::Connection& connection) -> Result<v1::SeederStatus> {
        catalogue::Catalogue catalogue(connection);
        auto const repo_id = catalogue.repo_id();
        if (!repo_id) return pass_on(repo_id);
        auto const revision = catalogue.revision();
        if (!revision) return pass_on(revision);
        auto read = publish::read_manifest(connection);
        if (!read) return pass_on(read);
        manifest = std::move(*read);
        v1::SeederStatus status;
        status.set_schema(1);
        status.set_repo_id(to_hex(*repo_id));
        status.set_root_digest("sha256:" + trust::sha256(manifest.roots.front().envelope).to_hex());
        status.set_url(state.config.url);
        status.set_revision(*revision);
        auto const root = publish::root_in(manifest.roots.back());
        if (!root) return pass_on(root);
        add_role(status, trust::RoleName::root, manifest.roots.back(), *root, now);
        add_role(status, trust::RoleName::targets, manifest.targets, *root, now);
        add_role(status, trust::RoleName::snapshot, manifest.snapshot, *root, now);
        add_role(status, trust::RoleName::timestamp, manifest.timestamp, *root, now);
        status.set_live_releases(catalogue.live_count());
        return status;
    });
}

std::string outcome_text(v1::NodeApp const& app) {
    switch (app.last_outcome()) {
        case v1::OUTCOME_COMMITTED:
            return "installed";
        case v1::OUTCOME_ROLLED_BACK:
            return "rolled back";
        case v1::OUTCOME_FAILED:
            return "failed";
        default:
            return "";
    }
}

// A line for each application of each node.
Table nodes_table(v1::SeederStatus const& status) {
    Table nodes({"NODE", "ADDRESS", "LAST SEEN (UTC)", "APP", "VERSION", "LAST ATTEMPT"});
    for (auto const& node : status.nodes()) {
        auto const seen = human_time(node.last_seen());
        if (node.apps().empty()) nodes.add({node.name(), node.address(), seen});
        for (auto const& app : node.apps()) {
            nodes.add({node.name(), node.address(), seen, app.app(), app.version().empty() ? "-" : app.version(),
                       outcome_text(app)});
        }
    }
    return nodes;
}

std::string for_people(v1::SeederStatus const& status) {
    std::string text;
    auto const line = [&](char const* name, std::string const& value) {
        text += fmt::format("{:<12} {}\n", name, value);
    };
    line("repository", status.repo_id());
    line("root digest", status.root_digest());
    line("url", status.url());
    line("serving", status.serving() ? "yes" : "no");
    line("revision", std::to_string(status.revision()));
    line("releases", std::to_string(status.live_releases()) + " live");
    Table roles({"ROLE", "VERSION", "HAVE TO SIGN", "EXPIRES (UTC)", "IN DAYS"});
    for (auto const& role : status.roles()) {
        roles.add({role.role(), std::to_string(role.version()), fmt::format("{} of {}", role.threshold(), role.keys()),
                   human_time(role.expires()), std::to_string(role.days_left())});
    }
    text += "\n" + roles.to_string();
    if (status.nodes().empty()) return text + "\nNo node has asked yet.\n";
    return text + "\n" + nodes_table(status).to_string();
}

}  // namespace

Status show_status(StateDir const& dir, bool json, trust::TimePoint now, Terminal& terminal) {
    auto state = open_state(dir.root());
    if (!state) return pass_on(state);
    publish::Manifest manifest;
    auto status = read_status(*state, manifest, now);
    if (!status) return pass_on(status);
    auto const nodes = fleet::Fleet(state->database).nodes();
    if (!nodes) return pass_on(nodes);
    for (auto const& node : *nodes) *status->add_nodes() = node;
    status->set_serving(is_locked(dir.serve_lock()));
    terminal.out << (json ? to_json(*status) : for_people(*status));
    for (auto const& warning : publish::expiry_warnings(manifest, now)) terminal.err << warning_line(warning);
    for (auto const& warning : publish::online_expiry_warnings(manifest, now)) terminal.err << warning_line(warning);
    return {};
}

}  // namespace lanyard::console
