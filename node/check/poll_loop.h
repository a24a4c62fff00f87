#pragma once

#include <chrono>
#include <functional>

#include "node/check/checker.h"
#include "proto/async/alarm.h"
#include "proto/events/events.h"

namespace lanyard::check {

struct PollTimes {
    std::chrono::milliseconds hold{50'000};       // how long the seeder may hold a question
    std::chrono::milliseconds interval{900'000};  // between questions when the seeder does not hold them
    std::chrono::milliseconds first_delay{1'000};
    std::chrono::milliseconds ceiling{600'000};  // of the back-off
};

// How long to wait before asking again. Full jitter: a fleet that lost its seeder at once must not come back at once.
class Backoff {
public:
    // `random` gives a number in [0, 1).
    Backoff(PollTimes const& times, std::function<double()> random);

    // After an answer. When the seeder holds questions, the next one follows within the first delay; else after the
    // interval, give or take a fifth.
    std::chrono::milliseconds after_success(bool held);
    // Between half and the whole of a delay that doubles up to the ceiling; never less than what the seeder asked for.
    std::chrono::milliseconds after_failure(std::optional<std::chrono::seconds> retry_after);

private:
    PollTimes times_;
    std::function<double()> random_;
    std::chrono::milliseconds next_;
};

// Keeps asking the seeder until stopped, and hands over what changed. Lives on one io_context thread; stop() may be
// called only from that thread.
class PollLoop {
public:
    using OnOutcome = std::function<void(CheckOutcome const&)>;
    // Null: the last question was answered, and everything in the answer believed.
    using OnContact = std::function<void(Error const* failure)>;

    PollLoop(Checker& checker, async::Alarm& alarm, events::Events& events, Backoff backoff, PollTimes const& times);

    asio::awaitable<void> run(OnOutcome on_outcome, OnContact on_contact);
    void stop();

private:
    void tell(Error const& error);

    Checker& checker_;
    async::Alarm& alarm_;
    events::Events& events_;
    Backoff backoff_;
    PollTimes times_;
    bool stopping_ = false;
};

}  // namespace lanyard::check
