#include "node/console/why.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "node/console/errc.h"

namespace lanyard::console {
namespace {

std::int64_t unix_seconds(std::optional<gate::TimePoint> time) { return time ? time->time_since_epoch().count() : 0; }

char const* text_of(gate::Check::Standing standing) {
    switch (standing) {
        case gate::Check::Standing::fine:
            return "fine";
        case gate::Check::Standing::closed:
            return "closed";
        case gate::Check::Standing::waived:
            return "waived";
        case gate::Check::Standing::not_asked:
            break;
    }
    return "not_asked";
}

}  // namespace

void describe(gate::Explanation const& explanation, gate::Policy const& policy, v1::AppWhy& why) {
    auto const& decision = explanation.decision;
    why.set_state(decision.open ? "allowed" : "waiting");
    why.set_verdict(verdict_of(decision));
    why.set_at(unix_seconds(explanation.at));
    why.set_earliest(unix_seconds(decision.earliest));
    if (!decision.open) why.set_next_look(unix_seconds(explanation.next_look));
    why.set_deadline(unix_seconds(decision.deadline));
    why.set_forced_at(unix_seconds(decision.forced));
    why.set_postponements(explanation.facts.wait.postponements);
    why.set_postponements_allowed(policy.postponements);
    for (auto const& check : decision.checks) {
        auto* const message = why.add_checks();
        message->set_name(check.name);
        message->set_standing(text_of(check.standing));
        message->set_unknown(check.unknown);
        message->set_says(check.waived.empty() ? check.says : check.says + "; " + check.waived);
        message->set_source(check.source);
        message->set_mend(check.mend);
        if (check.closed()) message->set_opens(unix_seconds(check.opens));
    }
}

std::string verdict_of(gate::Decision const& decision) {
    if (decision.open) return fmt::format("it may be updated: {}", decision.because);
    return fmt::format("it waits: {}", fmt::join(decision.reasons, "; "));
}

Result<v1::WhyResult> why_on_disk(NodeConfig const& config, journal::Records& records, std::string const& app) {
    auto const apps = apps_named(config, app);
    if (!apps) return pass_on(apps);
    v1::WhyResult result;
    result.set_schema(1);
    for (auto const& entry : *apps) {
        auto& why = *result.add_apps();
        why.set_app(entry.app.name.text());
        why.set_state("not_running");
        why.set_verdict("no node is running here, so nothing is updated: start it with `lanyard-node run`");
        auto const installed = records.installed(entry.app.name);
        if (!installed) return pass_on(installed);
        if (installed->current) why.set_version(installed->current->version.text());
        auto const last = records.last_report(entry.app.name);
        if (!last) return pass_on(last);
        if (*last) *why.mutable_last() = **last;
        auto const left = left_under_way(records, entry.app.name);
        if (!left) return pass_on(left);
        if (*left) why.set_verdict(why.verdict() + "; " + in_words(**left));
    }
    return result;
}

Result<std::vector<AppConfig>> apps_named(NodeConfig const& config, std::string const& app) {
    if (app.empty()) return config.apps;
    for (auto const& entry : config.apps) {
        if (entry.app.name.text() == app) return std::vector<AppConfig>{entry};
    }
    return fail(Errc::unknown_app, fmt::format("this node does not care for an application '{}': see `lanyard-node "
                                               "status` for those it does",
                                               app));
}

}  // namespace lanyard::console
