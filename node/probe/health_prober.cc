#include "node/probe/health_prober.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "node/drain/command.h"
#include "node/probe/errc.h"

namespace lanyard::probe {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kPause{500};
// Looking at the ports costs next to nothing, and decides how exactly their downtime is known.
constexpr milliseconds kPortPause{100};
constexpr milliseconds kProbationPause{1'000};
constexpr milliseconds kLongestLook{10'000};
constexpr milliseconds kShortestLook{1'000};

std::string name_of(drain::AppRelease const& release) {
    return release.target.app.text() + " " + release.target.version.text();
}

bool nothing_to_look_at(drain::AppRelease const& release) {
    auto const& policy = release.target.install;
    return policy.ports.empty() && std::holds_alternative<std::monostate>(policy.health.check);
}

}  // namespace

Status HealthProber::not_known(drain::AppRelease const& release) const {
    if (given_up_) {
        return fail(Errc::given_up,
                    fmt::format("the node ended before it knew whether {} is healthy", name_of(release)));
    }
    return fail(Errc::called_off, fmt::format("the trial of {} was called off", name_of(release)));
}

asio::awaitable<Status> HealthProber::probe(drain::AppRelease const& release) {
    called_off_ = false;
    if (nothing_to_look_at(release)) co_return Status();
    auto const healthy = co_await become_healthy(release);
    if (!healthy) co_return healthy;
    co_return co_await stay_healthy(release);
}

void HealthProber::give_up() {
    given_up_ = true;
    reach_.cancel();
    alarm_.wake();
}

void HealthProber::call_off() {
    called_off_ = true;
    reach_.cancel();
    alarm_.wake();
}

asio::awaitable<Status> HealthProber::become_healthy(drain::AppRelease const& release) {
    auto const allowed = release.target.install.start_deadline;
    auto const limit = now_() + allowed;
    for (;;) {
        if (leave()) co_return not_known(release);
        auto const left = duration_cast<milliseconds>(limit - now_());
        auto const patience = std::clamp(left, kShortestLook, kLongestLook);
        auto const seen = co_await look(release, patience);
        if (seen) co_return seen;
        if (now_() >= limit && !leave()) {
            co_return fail(Errc::unhealthy, fmt::format("{} was not healthy within {} s of its start: {}",
                                                        name_of(release), allowed.count(), seen.error().detail));
        }
        auto const pause = seen.error().code == Errc::port_closed ? kPortPause : kPause;
        co_await alarm_.sleep(pause);
    }
}

asio::awaitable<Status> HealthProber::stay_healthy(drain::AppRelease const& release) {
    auto const begin = now_();
    auto const limit = begin + release.target.install.health.probation;
    while (now_() < limit) {
        auto const pause = std::min(kProbationPause, std::chrono::ceil<milliseconds>(limit - now_()));
        co_await alarm_.sleep(pause);
        if (leave()) break;
        auto const seen = co_await look(release, kLongestLook);
        if (seen) continue;
        if (leave()) break;
        auto const again = co_await look(release, kLongestLook);
        if (again) continue;
        if (leave()) break;
        co_return fail(Errc::unhealthy,
                       fmt::format("{} was healthy at first, but not {} s into its probation: {}", name_of(release),
                                   duration_cast<seconds>(now_() - begin).count(), again.error().detail));
    }
    if (leave()) co_return not_known(release);
    co_return Status();
}

asio::awaitable<Status> HealthProber::look(drain::AppRelease const& release, milliseconds limit) {
    auto const ports = look_at_ports(release);
    if (!ports) co_return ports;
    auto const& check = release.target.install.health.check;
    if (auto const* command = std::get_if<release::HealthCommand>(&check)) {
        co_return co_await run_check(release, command->command, limit);
    }
    if (auto const* tcp = std::get_if<release::HealthTcp>(&check)) co_return co_await reach_.tcp(tcp->port, limit);
    if (auto const* http = std::get_if<release::HealthHttp>(&check)) co_return co_await reach_.http(http->url, limit);
    co_return Status();
}

asio::awaitable<Status> HealthProber::run_check(drain::AppRelease const& release, std::string const& line,
                                                milliseconds limit) {
    auto command = drain::command_of(release, line);
    auto const ending = co_await runner_.run(std::move(command), limit);
    if (!ending) co_return fail(Errc::no_answer, "the health command cannot be run: " + ending.error().detail);
    if (ending->good()) co_return Status();
    co_return fail(Errc::no_answer, "the health command " + drain::words_for(*ending, limit));
}

Status HealthProber::look_at_ports(drain::AppRelease const& release) {
    auto const& declared = release.target.install.ports;
    auto const open = ports_.listening(declared);
    if (!open) return pass_on(open);
    drain::Ports closed;
    std::copy_if(declared.begin(), declared.end(), std::back_inserter(closed),
                 [&](std::uint16_t port) { return std::find(open->begin(), open->end(), port) == open->end(); });
    if (closed.empty()) return {};
    auto const* const words = closed.size() == 1 ? "port {} is not open" : "ports {} are not open";
    auto const strangers = drain::holders_text(ports_, closed);
    return fail(Errc::port_closed, fmt::format(fmt::runtime(words), fmt::join(closed, ", ")) +
                                       (strangers.empty() ? "" : " to it: " + strangers + ", which is left alone"));
}

}  // namespace lanyard::probe
