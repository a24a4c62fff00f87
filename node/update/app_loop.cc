#include "node/update/app_loop.h"

#include <algorithm>
#include <utility>

namespace lanyard::update {
namespace {

// With nothing wanted only the bell ends the wait.
constexpr auto kIdle = std::chrono::hours(24);
constexpr char const* kAsked = "a person asked for the previous release";

}  // namespace

AppLoop::AppLoop(Walker& walker, async::Bell& bell, Clock clock, RetryTimes times, std::function<void(Ended)> on_ended,
                 Past past)
    : walker_(walker),
      bell_(bell),
      clock_(std::move(clock)),
      times_(times),
      on_ended_(std::move(on_ended)),
      past_(std::move(past)),
      delay_(times.first) {}

asio::awaitable<void> AppLoop::run(std::optional<journal::Attempt> unfinished) {
    if (unfinished) {
        walking_ = unfinished->offer.target.sha256;
        auto const ended = co_await walker_.resume(std::move(*unfinished));
        settle(ended);
    }
    while (!stopping_) {
        if (back_) {
            auto offer = *std::exchange(back_, std::nullopt);
            walking_ = offer.target.sha256;
            auto const ended = co_await walker_.walk_back(std::move(offer));
            settle(ended);
        } else if (wanted_ && due()) {
            co_await walk_wanted();
        } else {
            auto const limit = until_due();
            co_await bell_.wait(limit);
        }
    }
}

asio::awaitable<void> AppLoop::walk_wanted() {
    check::Offer offer = *wanted_;
    walking_ = offer.target.sha256;
    auto const ended = co_await walker_.walk(std::move(offer));
    settle(ended);
}

void AppLoop::settle(Ended ended) {
    auto const walked = std::exchange(walking_, std::nullopt);
    if (ended == Ended::interrupted) return;
    if (ended == Ended::failed) {
        // A changed offer waits already: it is not to blame.
        if (wanted_ && wanted_->target.sha256 == *walked) {
            not_before_ = clock_() + delay_;
            delay_ = std::min(2 * delay_, times_.ceiling);
        }
    } else {
        // What runs has changed, so whatever was on offer must be judged again.
        wanted_.reset();
        back_.reset();
        not_before_.reset();
        delay_ = times_.first;
    }
    on_ended_(ended);
}

void AppLoop::offer(check::Offer offer) {
    auto const& package = offer.target.sha256;
    if (walking_ && *walking_ != package) {
        walker_.abandon("superseded by " + offer.target.version.text());
    }
    if (!wanted_ || wanted_->target.sha256 != package) begin_with(past_(offer.target));
    wanted_ = std::move(offer);
    bell_.ring();
}

void AppLoop::begin_with(PastFailures const& past) {
    not_before_.reset();
    delay_ = times_.first;
    if (past.count == 0) return;
    for (unsigned i = 1; i < past.count && delay_ < times_.ceiling; ++i) delay_ = std::min(2 * delay_, times_.ceiling);
    // A clock that was set back must not make the wait longer than it would have been.
    not_before_ = clock_() + delay_ - std::clamp(past.since_last, std::chrono::milliseconds(0), delay_);
    delay_ = std::min(2 * delay_, times_.ceiling);
}

void AppLoop::nothing_on_offer() {
    wanted_.reset();
    if (walking_) walker_.abandon("it is no longer on offer");
}

void AppLoop::hurry() {
    not_before_.reset();
    bell_.ring();
}

bool AppLoop::recall() { return walking_ && walker_.recall(kAsked); }

void AppLoop::roll_back(check::Offer offer) {
    back_ = std::move(offer);
    if (walking_) walker_.abandon(kAsked);
    bell_.ring();
}

void AppLoop::stop() {
    stopping_ = true;
    walker_.stop();
    bell_.ring();
}

bool AppLoop::busy() const { return walking_ || (!stopping_ && (back_ || (wanted_ && due()))); }

std::vector<release::Digest> AppLoop::packages() const {
    std::vector<release::Digest> all;
    if (walking_) all.push_back(*walking_);
    if (wanted_) all.push_back(wanted_->target.sha256);
    return all;
}

bool AppLoop::due() const { return !not_before_ || clock_() >= *not_before_; }

std::chrono::milliseconds AppLoop::until_due() const {
    if (!wanted_ || !not_before_) return kIdle;
    // Rounded up, so that the wait never ends just before it is due.
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(*not_before_ - clock_());
    return std::max(left, std::chrono::milliseconds(1));
}

}  // namespace lanyard::update
