#include "node/check/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "node/check/errc.h"

namespace lanyard::check {
namespace {

// How old the manifest may be before it is asked for again although the seeder says that nothing has changed: this is
// what turns a freeze into an alarm.
constexpr auto kFreshness = std::chrono::hours(1);
// The bell comes first; this only bounds one sleep.
constexpr auto kLongestRefresh = std::chrono::minutes(5);

// Whose turn it is; the next one is called when it ends, whichever way.
class Turn {
public:
    Turn(bool& taken, async::Bell& bell) : taken_(taken), bell_(bell) { taken_ = true; }
    Turn(Turn const&) = delete;
    Turn& operator=(Turn const&) = delete;
    ~Turn() {
        taken_ = false;
        bell_.ring();
    }

private:
    bool& taken_;
    async::Bell& bell_;
};

// What the seeder says is on offer; only a hint where to look.
std::string const* path_on_offer(v1::CheckResponse const& answer, ManagedApp const& app) {
    auto const& releases = answer.releases();
    auto const hint = std::find_if(releases.begin(), releases.end(),
                                   [&](auto const& release) { return release.app() == app.name.text(); });
    return hint == releases.end() ? nullptr : &hint->target_path();
}

Error in_context(Error const& error) {
    return {error.code, "the seeder offers what the signed manifest does not hold: " + error.detail};
}

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

    auto const now = clock_();
    // A clock that was set back must not stop the refreshes.
    auto const fresh = refreshed_ <= now && now - refreshed_ < kFreshness;
    if (wait.count() > 0 && answer->revision() == revision_ && fresh) {
        CheckOutcome unchanged;
        unchanged.held = answer->held();
        co_return unchanged;
    }
    co_return co_await look(*answer, now);
}

// Two refreshes at a time could store an older file over a newer one.
asio::awaitable<Result<CheckOutcome>> SeederChecker::look(v1::CheckResponse answer, trust::TimePoint now) {
    while (refreshing_) {
        co_await refreshed_bell_.wait(kLongestRefresh);
    }
    Turn const turn(refreshing_, refreshed_bell_);
    // Whatever breaks off a verification (no memory, say), nothing of what it was about is believed.
    std::string broken;
    try {
        auto outcome = co_await refresh_and_find(answer, now);
        co_return outcome;
    } catch (std::exception const& e) {
        broken = e.what();
    }
    co_return fail(Errc::broken_off, fmt::format("the manifest could not be verified ({}), so nothing of it is "
                                                 "believed; is this machine short of memory?",
                                                 broken));
}

asio::awaitable<Result<CheckOutcome>> SeederChecker::refresh_and_find(v1::CheckResponse answer, trust::TimePoint now) {
    auto const trusted = co_await refresher_.refresh(now);
    if (!trusted) co_return pass_on(trusted);
    CheckOutcome outcome;
    outcome.held = answer.held();
    outcome.changed = true;
    for (auto const& app : apps_) {
        auto const* path = path_on_offer(answer, app);
        if (!path) continue;
        auto const target = co_await refresher_.find(*trusted, *path);
        if (!target) {
            outcome.refused.push_back({app.name, in_context(target.error())});
            continue;
        }
        auto const finding = judged(*target, app);
        if (!finding) co_return pass_on(finding);
        outcome.findings.push_back(*finding);
    }
    // What was refused is asked for again, whether the catalogue changes or not.
    if (outcome.refused.empty()) {
        revision_ = answer.revision();
        refreshed_ = now;
    }
    co_return outcome;
}

Result<v1::CheckRequest> SeederChecker::question(std::chrono::seconds wait) {
    v1::CheckRequest request;
    request.set_node_id(identity_.id);
    request.set_node_name(identity_.name);
    request.mutable_platform()->set_os(identity_.machine.platform.os());
    request.mutable_platform()->set_arch(identity_.machine.platform.arch());
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

Result<Finding> SeederChecker::judged(release::Target const& target, ManagedApp const& app) {
    Finding finding{app, {}, {}, target, {}};
    auto const installed = installations_.installed(app.name);
    if (!installed) return pass_on(installed);
    finding.running = installed->running;
    auto const quarantine = installations_.quarantined(app.name, target.sha256);
    if (!quarantine) return pass_on(quarantine);
    if (!quarantine->empty()) {
        finding.held_back = "it was tried here and left again (" + *quarantine + "); the next release will be tried";
        return finding;
    }
    auto const offer = judge(target, app, *installed, identity_.machine);
    if (offer) {
        finding.offer = *offer;
    } else {
        finding.held_back = offer.error().detail;
    }
    return finding;
}

}  // namespace lanyard::check
