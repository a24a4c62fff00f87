#include "node/check/checker.h"

#include <algorithm>
#include <utility>

namespace lanyard::check {
namespace {

// How old the manifest may be before it is asked for again although the seeder says that nothing has changed: this is
// what turns a freeze into an alarm.
constexpr auto kFreshness = std::chrono::hours(1);
// The bell comes first; this only bounds one sleep.
constexpr auto kLongestRefresh = std::chrono::minutes(5);

}  // namespace

SeederChecker::SeederChecker(asio::io_context& io, SeederClient& seeder, Refresher& refresher,
                             Installations& installations, Identity identity, std::vector<ManagedApp> apps, Clock clock)
    : seeder_(seeder),
      refresher_(refresher),
      installations_(installations),
      identity_(std::move(identity)),
      apps_(std::move(apps)),
      clock_(std::move(clock)),
      refreshed_bell_(io) {}

asio::awaitable<Result<CheckOutcome>> SeederChecker::check(std::chrono::seconds wait) {
    auto const request = question(wait);
    if (!request) co_return pass_on(request);
    auto const answer = co_await seeder_.check(*request);
    if (!answer) co_return pass_on(answer);

    CheckOutcome outcome;
    outcome.held = answer->held();
    auto const now = clock_();
    // A clock that was set back must not stop the refreshes.
    auto const fresh = refreshed_ <= now && now - refreshed_ < kFreshness;
    if (wait.count() > 0 && answer->revision() == revision_ && fresh) co_return outcome;

    auto const trusted = co_await refresh_alone(now);
    if (!trusted) co_return pass_on(trusted);
    for (auto const& app : apps_) {
        auto const finding = find(*trusted, app, *answer);
        if (!finding) co_return pass_on(finding);
        if (finding->target) outcome.findings.push_back(*finding);
    }
    outcome.changed = true;
    revision_ = answer->revision();
    refreshed_ = now;
    co_return outcome;
}

// Two refreshes at a time could store an older file over a newer one.
asio::awaitable<Result<trust::TrustedSet>> SeederChecker::refresh_alone(trust::TimePoint now) {
    while (refreshing_) {
        co_await refreshed_bell_.wait(kLongestRefresh);
    }
    refreshing_ = true;
    auto trusted = co_await refresher_.refresh(now);
    refreshing_ = false;
    refreshed_bell_.ring();
    co_return trusted;
}

Result<v1::CheckRequest> SeederChecker::question(std::chrono::seconds wait) {
    v1::CheckRequest request;
    request.set_node_id(identity_.id);
    request.set_node_name(identity_.name);
    request.mutable_platform()->set_os(identity_.platform.os());
    request.mutable_platform()->set_arch(identity_.platform.arch());
    request.set_agent_version(LANYARD_VERSION);
    request.set_wait_seconds(static_cast<std::uint32_t>(wait.count()));
    request.set_last_revision(revision_);
    for (auto const& app : apps_) {
        auto const installed = installations_.installed(app.name);
        if (!installed) return pass_on(installed);
        auto* const running = request.add_apps();
        running->set_app(app.name.text());
        running->set_channel(app.channel.text());
        if (installed->running) running->set_version(installed->running->version.text());
    }
    return request;
}

Result<Finding> SeederChecker::find(trust::TrustedSet const& trusted, ManagedApp const& app,
                                    v1::CheckResponse const& answer) {
    Finding finding{app, {}, {}, {}, {}};
    auto const& releases = answer.releases();
    auto const hint = std::find_if(releases.begin(), releases.end(),
                                   [&](auto const& release) { return release.app() == app.name.text(); });
    if (hint == releases.end()) return finding;
    auto const target = trusted.find(hint->target_path());
    if (!target) return pass_on(target, "the seeder offers what the signed manifest does not hold");
    finding.target = *target;

    auto const installed = installations_.installed(app.name);
    if (!installed) return pass_on(installed);
    finding.running = installed->running;
    auto const quarantine = installations_.quarantined(app.name, target->sha256);
    if (!quarantine) return pass_on(quarantine);
    if (!quarantine->empty()) {
        finding.held_back = "it was tried here and left again (" + *quarantine + "); the next release will be tried";
        return finding;
    }
    auto const offer = judge(*target, app, *installed, identity_.platform);
    if (offer) {
        finding.offer = *offer;
    } else {
        finding.held_back = offer.error().detail;
    }
    return finding;
}

}  // namespace lanyard::check
