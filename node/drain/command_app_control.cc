#include "node/drain/command_app_control.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "node/drain/command.h"
#include "node/drain/errc.h"

namespace lanyard::drain {
namespace {

using std::chrono::milliseconds;

// Adds to the time for which nobody serves, and decides how exactly it is measured.
constexpr milliseconds kPortPause{50};
// Most applications have stopped by then, and can be started again before the node ends. Well below the 90 s after
// which systemd kills.
constexpr milliseconds kHurry{3'000};

std::string name_of(AppRelease const& release) {
    return release.target.app.text() + " " + release.target.version.text();
}

std::string ports_text(Ports const& ports) {
    return fmt::format("{} {}", ports.size() == 1 ? "port" : "ports", fmt::join(ports, ", "));
}

Status ended_badly(AppRelease const& release, char const* what, Ending const& ending, milliseconds deadline) {
    return fail(ending.timed_out ? Errc::timed_out : Errc::command_failed,
                fmt::format("the {} command of {} {}", what, name_of(release), words_for(ending, deadline)));
}

// A plugin without a stop command: its host goes on running, and its start command tells the host.
bool is_hosted(AppRelease const& release) {
    return release.target.type == release::PackageType::plugin && release.target.install.stop.empty();
}

std::filesystem::path log_of(AppRelease const& release) { return release.home() / "start.log"; }

}  // namespace

asio::awaitable<Status> CommandAppControl::prepare(AppRelease, release::Target, bool) { co_return Status(); }

asio::awaitable<Status> CommandAppControl::stop(AppRelease const& release) {
    auto const& policy = release.target.install;
    auto const limit = now_() + policy.stop_deadline;
    if (policy.stop.empty()) {
        end_hung_start(release);
        if (is_hosted(release)) co_return Status();
        auto const open = ports_.listening(policy.ports);
        if (!open) co_return pass_on(open);
        if (open->empty()) co_return Status();
        co_return fail(Errc::still_listening, fmt::format("{} has no stop command, but {} listens; publish it with one",
                                                          name_of(release), ports_text(*open)));
    }

    auto command = command_of(release, policy.stop);
    auto const deadline = allowed(policy.stop_deadline);
    auto const ending = co_await runner_.run(std::move(command), deadline);
    end_hung_start(release);
    if (!ending) co_return pass_on(ending, "cannot run the stop command of " + name_of(release));
    if (ending->timed_out) co_return ended_badly(release, "stop", *ending, deadline);
    if (!ending->good()) {
        auto const open = ports_.listening(policy.ports);
        bool const gone = open && open->empty() && !policy.ports.empty();
        if (!gone) co_return ended_badly(release, "stop", *ending, deadline);
    }
    co_return co_await wait_until_closed(release, limit);
}

asio::awaitable<Status> CommandAppControl::wait_for_stop(AppRelease const& release) {
    auto const limit = now_() + release.target.install.stop_deadline;
    co_return co_await wait_until_closed(release, limit);
}

asio::awaitable<Status> CommandAppControl::wait_until_closed(AppRelease const& release,
                                                             std::chrono::steady_clock::time_point limit) {
    auto const& policy = release.target.install;
    for (;;) {
        auto const open = ports_.listening(policy.ports);
        if (!open) co_return pass_on(open);
        if (open->empty()) co_return Status();
        if (now_() >= std::min(limit, latest_.value_or(limit))) {
            auto const holders = holders_text(ports_, *open);
            co_return fail(
                Errc::still_listening,
                fmt::format("{} of {} did not close within the {} s that it has to stop{}{}", ports_text(*open),
                            name_of(release), policy.stop_deadline.count(), holders.empty() ? "" : ": ", holders));
        }
        co_await alarm_.sleep(kPortPause);
    }
}

asio::awaitable<Status> CommandAppControl::start(AppRelease const& release) {
    auto const& policy = release.target.install;
    if (runs_already(release) || policy.start.empty()) co_return Status();

    auto command = start_command(release);
    auto log = log_of(release);
    auto const deadline = allowed(policy.start_deadline);
    auto const ending = co_await runner_.run_detached(std::move(command), std::move(log), deadline);
    if (!ending) co_return pass_on(ending, "cannot run the start command of " + name_of(release));
    if (ending->left_running != 0) hung_starts_[release.target.app] = ending->left_running;
    if (!ending->good()) co_return ended_badly(release, "start", *ending, deadline);
    co_return Status();
}

void CommandAppControl::hurry() {
    latest_ = now_() + kHurry;
    runner_.hurry(kHurry);
    alarm_.wake();
}

milliseconds CommandAppControl::allowed(milliseconds deadline) const {
    if (!latest_) return deadline;
    auto const left = std::chrono::ceil<milliseconds>(*latest_ - now_());
    return std::clamp(left, milliseconds(0), deadline);
}

void CommandAppControl::launch(AppRelease const& release) noexcept try {
    auto const& start = release.target.install.start;
    if (start.empty() || runs_already(release)) return;
    runner_.launch_detached(start_command(release), log_of(release));
} catch (...) {
    // Out of memory: there is nobody left to tell.
}

Command CommandAppControl::start_command(AppRelease const& release) const {
    auto command = command_of(release, release.target.install.start);
    if (release.target.install.keep_ports) command.sockets = sockets_;
    return command;
}

bool CommandAppControl::runs_already(AppRelease const& release) {
    auto const& wanted = release.target.install.ports;
    if (wanted.empty() || is_hosted(release)) return false;
    auto const open = ports_.listening(wanted);
    return open && open->size() == wanted.size();
}

// A start command that never returned may be the application itself, run in the foreground by mistake.
void CommandAppControl::end_hung_start(AppRelease const& release) {
    auto const hung = hung_starts_.find(release.target.app);
    if (hung == hung_starts_.end()) return;
    runner_.end(hung->second);
    hung_starts_.erase(hung);
}

}  // namespace lanyard::drain
