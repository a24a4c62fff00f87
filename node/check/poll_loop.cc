#include "node/check/poll_loop.h"

#include <algorithm>
#include <utility>

namespace lanyard::check {
namespace {

std::chrono::milliseconds scaled(std::chrono::milliseconds whole, double share) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(whole.count()) * share));
}

}  // namespace

Backoff::Backoff(PollTimes const& times, std::function<double()> random)
    : times_(times), random_(std::move(random)), next_(times.first_delay) {}

std::chrono::milliseconds Backoff::after_success(bool held) {
    next_ = times_.first_delay;
    if (held) return scaled(times_.first_delay, 0.2 + 0.8 * random_());
    return scaled(times_.interval, 0.8 + 0.4 * random_());
}

std::chrono::milliseconds Backoff::after_failure(std::optional<std::chrono::seconds> retry_after) {
    auto const delay = scaled(next_, 0.5 + 0.5 * random_());
    next_ = std::min(2 * next_, times_.ceiling);
    auto const asked = std::chrono::milliseconds(retry_after.value_or(std::chrono::seconds(0)));
    return std::max(delay, asked + scaled(asked, 0.2 * random_()));
}

PollLoop::PollLoop(Checker& checker, async::Alarm& alarm, events::Events& events, Backoff backoff,
                   PollTimes const& times)
    : checker_(checker), alarm_(alarm), events_(events), backoff_(std::move(backoff)), times_(times) {}

asio::awaitable<void> PollLoop::run(OnOutcome on_outcome, OnContact on_contact) {
    auto const hold = std::chrono::duration_cast<std::chrono::seconds>(times_.hold);
    while (!stopping_) {
        auto const outcome = co_await checker_.check(hold);
        if (stopping_) break;
        std::chrono::milliseconds delay{0};
        if (outcome) {
            auto const& refused = outcome->refused;
            for (auto const& refusal : refused) tell(refusal.why);
            on_contact(refused.empty() ? nullptr : &refused.front().why);
            if (outcome->changed) on_outcome(*outcome);
            // A seeder that holds questions answers early only when something has changed.
            delay = refused.empty() ? backoff_.after_success(outcome->held || outcome->changed)
                                    : backoff_.after_failure(checker_.retry_after());
        } else {
            tell(outcome.error());
            on_contact(&outcome.error());
            delay = backoff_.after_failure(checker_.retry_after());
        }
        co_await alarm_.sleep(delay);
    }
}

// An attack, or what looks like one, is an alarm; that a seeder is away is not.
void PollLoop::tell(Error const& error) {
    if (kind_of(error.code) == Kind::trust) {
        events_.error("trust.refused", error.detail);
    } else {
        events_.warning("check.failed", error.detail);
    }
}

void PollLoop::stop() {
    stopping_ = true;
    alarm_.cancel();
    checker_.cancel();
}

}  // namespace lanyard::check
