// What a node has left under way when it was told to stop.
#include <fmt/format.h>

#include <algorithm>

#include "node/console/desk.h"

namespace lanyard::console {
namespace {

std::string standing(journal::Attempt const& left) {
    using journal::Phase;
    auto const& offer = left.offer;
    auto const version = offer.target.version.text();
    switch (left.phase) {
        case Phase::fetch:
        case Phase::stage:
        case Phase::wait_idle:
            return "nothing that runs was touched";
        case Phase::drain:
        case Phase::apply:
            return offer.running ? "it was about to take the place of " + offer.running->version.text()
                                 : "it was about to be started";
        case Phase::probe:
            return version + " is current, and not known yet to be healthy";
        case Phase::commit:
            return version + " is current and healthy";
        case Phase::roll_back:
            return "it is on its way back to " + (offer.running ? offer.running->version.text() : "nothing");
    }
    return "";
}

}  // namespace

Result<std::optional<journal::Attempt>> left_under_way(journal::Records& records, release::AppId const& app) {
    auto const all = records.unfinished();
    if (!all) return pass_on(all);
    auto const mine =
        std::find_if(all->begin(), all->end(), [&](auto const& one) { return one.offer.target.app == app; });
    if (mine == all->end()) return std::optional<journal::Attempt>();
    return *mine;
}

std::string in_words(journal::Attempt const& left) {
    return fmt::format("{} {}: interrupted in phase {}, {}; `lanyard-node run` or `update` goes on with it",
                       left.offer.target.app.text(), left.offer.target.version.text(), journal::text(left.phase),
                       standing(left));
}

Status show_interrupted(v1::NodeStatus& status, journal::Records& records) {
    auto const all = records.unfinished();
    if (!all) return pass_on(all);
    for (auto const& left : *all) {
        for (auto& app : *status.mutable_apps()) {
            if (app.app() != left.offer.target.app.text()) continue;
            auto& attempt = *app.mutable_attempt();
            attempt.set_attempt_id(left.id);
            attempt.set_to_version(left.offer.target.version.text());
            attempt.set_phase(journal::text(left.phase));
            attempt.add_why(
                fmt::format("interrupted: {}; `lanyard-node run` or `update` goes on with it", standing(left)));
        }
    }
    return {};
}

}  // namespace lanyard::console
