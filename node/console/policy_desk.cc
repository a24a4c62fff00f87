#include "node/console/policy_desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "node/console/errc.h"
#include "node/console/output.h"
#include "node/console/why.h"
#include "node/gate/errc.h"
#include "node/gate/wait.h"

namespace lanyard::console {
namespace {

std::string const& app_of(v1::LocalRequest const& request) {
    if (request.has_postpone()) return request.postpone().app();
    if (request.has_hold()) return request.hold().app();
    return request.unhold().app();
}

struct Decreed {
    gate::Wait wait;
    std::string message;
};

Result<Decreed> apply(v1::LocalRequest const& request, gate::Wait const& before, gate::Policy const& policy,
                      gate::Urgency const& urgency, gate::TimePoint now) {
    auto const at = [&](std::optional<gate::TimePoint> time) { return policy.zone.text(*time, now); };
    if (request.has_postpone() && !request.postpone().tonight()) {
        auto wait = gate::postponed(before, policy, urgency, std::chrono::minutes(request.postpone().minutes()), now);
        if (!wait) return pass_on(wait);
        return Decreed{*wait, fmt::format("postponed until {}; {} of {} times", at(wait->postponed_until),
                                          wait->postponements, policy.postponements)};
    }
    if (request.has_hold()) {
        auto wait = gate::held(before, std::chrono::minutes(request.hold().minutes()), now);
        if (!wait) return pass_on(wait);
        return Decreed{*wait, fmt::format("held back until {}", at(wait->held_until))};
    }
    if (request.has_unhold()) {
        bool const was_held = before.held_until && *before.held_until > now;
        return Decreed{gate::released(before), was_held ? "not held back any more" : "it was not held back"};
    }
    auto wait = gate::agreed_to_tonight(before, policy, now);
    if (!wait) return pass_on(wait);
    return Decreed{*wait, fmt::format("may be updated tonight, between {} and {}, as soon as no work is lost",
                                      at(wait->agreed_from), at(wait->agreed_until))};
}

check::Finding const* of(release::AppId const& app, std::vector<check::Finding> const& findings) {
    auto const found =
        std::find_if(findings.begin(), findings.end(), [&](auto const& finding) { return finding.app.name == app; });
    return found == findings.end() ? nullptr : &*found;
}

// Where the attempt is, when it does not wait at the gate.
void add_progress(std::optional<v1::AttemptStatus> const& attempt, gate::Decision const& decision, v1::AppWhy& why) {
    if (!attempt || attempt->phase() == "wait_idle") return;
    if (attempt->phase() == "fetch" || attempt->phase() == "stage") {
        why.set_state("fetching");
        why.set_verdict(
            fmt::format("it is being fetched: {}; once it is here, {}", progress_line(*attempt), verdict_of(decision)));
    } else {
        why.set_state("installing");
        why.set_verdict("it is being installed at this moment: " + attempt->phase());
    }
}

}  // namespace

bool is_decree(v1::LocalRequest const& request) {
    return request.has_postpone() || request.has_hold() || request.has_unhold();
}

v1::LocalResponse decree(v1::LocalRequest const& request, NodeConfig const& config, gate::Rules const& rules,
                         gate::Memory& memory, Elsewhere const& elsewhere, gate::TimePoint now) {
    auto const apps = apps_named(config, app_of(request));
    if (!apps) return refusal(apps.error());
    std::optional<Error> refused;
    std::string message;
    for (auto const& entry : *apps) {
        auto const& name = entry.app.name;
        auto const before = memory.wait(name);
        if (!before) return refusal(before.error());
        auto known = gate::caught_up(*before, now);
        // It has been installed since it was noted.
        if (known.package == elsewhere.running(name)) known.package.clear();
        auto const decreed = apply(request, known, rules.of(name), elsewhere.urgency(name), now);
        if (!decreed) {
            auto const& error = decreed.error();
            // Of several applications, those that nothing waits for are not meant.
            if (!refused || error.code != gate::Errc::nothing_waits) {
                refused = Error(error.code, fmt::format("{}: {}", name.text(), error.detail));
            }
            continue;
        }
        if (auto const kept = memory.keep(name, decreed->wait); !kept) return refusal(kept.error());
        message += fmt::format("{}{}: {}", message.empty() ? "" : "\n", name.text(), decreed->message);
    }
    bool const meant = refused && (message.empty() || refused->code != gate::Errc::nothing_waits);
    if (meant)
        return refusal(Error(refused->code, message.empty() ? refused->detail : message + "\n" + refused->detail));
    v1::LocalResponse response;
    response.set_message(message.empty() ? "this node cares for no application" : message);
    return response;
}

// What cannot be read does not keep people from deciding.
std::function<std::string(release::AppId const&)> running_by(journal::Records& records) {
    return [&records](release::AppId const& app) {
        auto const installed = records.installed(app);
        return installed && installed->current ? installed->current->sha256.to_hex() : std::string();
    };
}

bool PolicyDesk::answers(v1::LocalRequest const& request) { return is_decree(request) || request.has_why(); }

asio::awaitable<v1::LocalResponse> PolicyDesk::answer(v1::LocalRequest request) {
    if (request.has_why()) {
        auto app = request.why().app();
        if (request.why().ask_first()) co_return co_await dry_run(std::move(app));
        co_return co_await why(std::move(app));
    }
    auto const urgency = [this](release::AppId const& app) {
        auto const* const finding = of(app, parts_.desk.found());
        return finding && finding->offer ? gate::urgency_of(*finding->offer) : gate::Urgency{};
    };
    Elsewhere const elsewhere{urgency, running_by(parts_.records)};
    auto response = decree(request, parts_.config, parts_.rules, parts_.memory, elsewhere, parts_.now());
    parts_.on_decree();
    co_return response;
}

asio::awaitable<v1::LocalResponse> PolicyDesk::why(std::string app) {
    auto found = at_desk();
    co_return co_await tell(std::move(app), std::move(found));
}

PolicyDesk::Found PolicyDesk::at_desk() const {
    Found found{parts_.desk.found(), parts_.desk.refused(), "nothing newer is on offer", "up_to_date"};
    auto const& contact = parts_.desk.contact();
    if (contact.last == 0) {
        found.nothing = "the seeder has not answered yet: " + contact.failure;
        found.state = "unknown";
    }
    if (!contact.alarm.empty()) found.nothing = "what the seeder offers is not believed: " + contact.alarm;
    return found;
}

// Nothing of what is found is passed on: so nothing is fetched, either.
asio::awaitable<v1::LocalResponse> PolicyDesk::dry_run(std::string app) {
    std::chrono::seconds const at_once(0);
    auto outcome = co_await parts_.checker.check(at_once);
    if (!outcome) co_return refusal(outcome.error());
    Found found{std::move(outcome->findings), std::move(outcome->refused), "nothing newer is on offer", "up_to_date"};
    co_return co_await tell(std::move(app), std::move(found));
}

asio::awaitable<v1::LocalResponse> PolicyDesk::tell(std::string app, Found found) {
    auto const apps = apps_named(parts_.config, app);
    if (!apps) co_return refusal(apps.error());
    v1::LocalResponse response;
    response.mutable_why()->set_schema(1);
    for (auto const& entry : *apps) {
        auto why = co_await judge(entry, found);
        *response.mutable_why()->add_apps() = std::move(why);
    }
    co_return response;
}

asio::awaitable<v1::AppWhy> PolicyDesk::judge(AppConfig entry, Found const& found) {
    v1::AppWhy why;
    auto const& name = entry.app.name;
    why.set_app(name.text());
    why.set_at(parts_.now().time_since_epoch().count());
    if (auto const installed = parts_.records.installed(name); installed && installed->current) {
        why.set_version(installed->current->version.text());
    }
    if (auto const last = parts_.records.last_report(name); last && *last) *why.mutable_last() = **last;
    auto const* const finding = of(name, found.findings);
    if (!finding) {
        auto const refused =
            std::find_if(found.refused.begin(), found.refused.end(), [&](auto const& one) { return one.app == name; });
        bool const is_refused = refused != found.refused.end();
        why.set_state(is_refused ? "held_back" : found.state);
        why.set_verdict(is_refused ? "what is on offer is not taken: " + refused->why.detail : found.nothing);
        co_return why;
    }
    why.set_to_version(finding->target->version.text());
    if (!finding->offer) {
        why.set_state("held_back");
        why.set_verdict("it is not taken: " + finding->held_back);
        co_return why;
    }
    check::Offer offer = *finding->offer;
    auto const explanation = co_await parts_.gate.explain(std::move(offer));
    describe(explanation, parts_.rules.of(name), why);
    add_progress(parts_.desk.under_way(name), explanation.decision, why);
    co_return why;
}

}  // namespace lanyard::console
