#include "node/console/desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "node/console/errc.h"

namespace lanyard::console {
namespace {

v1::CheckResult to_message(check::CheckOutcome const& outcome) {
    v1::CheckResult result;
    result.set_schema(1);
    for (auto const& finding : outcome.findings) {
        auto* const offer = result.add_offers();
        offer->set_app(finding.app.name.text());
        if (finding.running) offer->set_from_version(finding.running->version.text());
        offer->set_to_version(finding.target->version.text());
        offer->set_length(finding.target->length);
        offer->set_notes(finding.target->notes);
        offer->set_held_back(finding.held_back);
    }
    return result;
}

}  // namespace

v1::LocalResponse refusal(Error const& error) {
    v1::LocalResponse response;
    response.set_exit_code(static_cast<std::uint32_t>(kind_of(error.code)));
    response.set_message(error.detail);
    return response;
}

Desk::Desk(asio::io_context& io, NodeConfig const& config, check::Checker& checker, journal::Records& records,
           gate::Gate& gate, events::Events& events)
    : config_(config), checker_(checker), records_(records), gate_(gate), bell_(io), events_(events) {}

asio::awaitable<v1::LocalResponse> Desk::answer(v1::LocalRequest request, Say say) {
    switch (request.request_case()) {
        case v1::LocalRequest::kCheck:
            co_return co_await check_now();
        case v1::LocalRequest::kUpdate: {
            v1::UpdateNow const order = request.update();
            co_return co_await update(order, say);
        }
        case v1::LocalRequest::kRollBack: {
            v1::RollBack const order = request.roll_back();
            co_return co_await roll_back(order, say);
        }
        case v1::LocalRequest::kStatus:
            break;
        default: {
            Error const unknown(Errc::wrong_usage, "the running node does not know this request: is it an older one?");
            co_return refusal(unknown);
        }
    }
    auto const now = status();
    if (!now) co_return refusal(now.error());
    v1::LocalResponse response;
    *response.mutable_status() = *now;
    co_return response;
}

void Desk::remember(check::CheckOutcome const& outcome) {
    auto before = std::exchange(found_, outcome.findings);
    for (auto& finding : before) {
        if (outcome.is_refused(finding.app.name)) found_.push_back(std::move(finding));
    }
    refused_ = outcome.refused;
}

std::optional<v1::AttemptStatus> Desk::under_way(release::AppId const& app) const {
    for (auto const& desk : apps_) {
        if (desk.app.name == app) return desk.pipeline->status();
    }
    return std::nullopt;
}

void Desk::dispatch(check::CheckOutcome const& outcome) {
    remember(outcome);
    for (auto const& app : apps_) {
        auto const finding = std::find_if(outcome.findings.begin(), outcome.findings.end(),
                                          [&](auto const& one) { return one.app.name == app.app.name; });
        if (outcome.is_refused(app.app.name)) continue;
        if (finding != outcome.findings.end() && finding->offer) {
            tell_offer(*finding->offer);
            gate_.discovered(*finding->offer);
            app.loop->offer(*finding->offer);
        } else {
            app.loop->nothing_on_offer();
        }
    }
}

void Desk::tell_offer(check::Offer const& offer) {
    auto const& target = offer.target;
    auto const [known, fresh] = told_.try_emplace(target.app, target.sha256);
    if (!fresh && known->second == target.sha256) return;
    known->second = target.sha256;
    events_.info("check.offer", fmt::format("{} {} -> {}, {} bytes", target.app.text(),
                                            offer.running ? offer.running->version.text() : "none",
                                            target.version.text(), target.length));
}

void Desk::heard(Error const* failure, std::int64_t now) {
    contact_.failure = failure ? failure->detail : "";
    if (!failure) {
        contact_.last = now;
        contact_.alarm.clear();
    } else if (kind_of(failure->code) == Kind::trust) {
        contact_.alarm = failure->detail;
    }
}

Result<v1::NodeStatus> Desk::status() {
    auto status = status_on_disk(config_, records_);
    if (!status) return status;
    status->set_running(true);
    status->set_last_contact(contact_.last);
    status->set_last_error(contact_.failure);
    status->set_alarm(contact_.alarm);
    for (auto& app : *status->mutable_apps()) {
        auto const mine =
            std::find_if(apps_.begin(), apps_.end(), [&](auto const& one) { return one.app.name.text() == app.app(); });
        if (mine == apps_.end()) continue;
        if (auto const attempt = mine->pipeline->status()) *app.mutable_attempt() = *attempt;
    }
    return status;
}

asio::awaitable<v1::LocalResponse> Desk::check_now() {
    std::chrono::seconds const at_once(0);
    auto const outcome = co_await checker_.check(at_once);
    if (!outcome) co_return refusal(outcome.error());
    dispatch(*outcome);
    if (!outcome->refused.empty()) co_return refusal(outcome->refused.front().why);
    v1::LocalResponse response;
    *response.mutable_check() = to_message(*outcome);
    co_return response;
}

}  // namespace lanyard::console
